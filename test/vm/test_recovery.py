# SPDX-License-Identifier: Apache-2.0
"""From fault to proof on a real kernel, by QEMU's own power switch. Prints how long each took (pytest -s)."""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import pytest
from conftest import BOOT_WITHIN, ROOT, VMC, Vm, lab_vm
from gdb_stub import hang

sys.path.insert(0, os.environ.get("VMC_PYTHON_PACKAGE", str(ROOT / "build/release/python")))
from vm_connection import RecoveryPolicy, SSHConnection  # noqa: E402

SILENCE = 10


class Case:
    """One VM, its switch in the configuration, and what is asked of it."""

    def __init__(self, vm):
        self.vm = vm
        self.name = f"{vm.host}:{vm.about['port']}"

    def policy(self, more="", switch="", silence=SILENCE):
        config = self.vm.home / ".config" / "vm-connection" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        bare = self.vm.about["address"]
        switch = switch or f'type = "qmp"\nsocket = "{self.vm.about["qmp"]}"\n'
        config.write_text(f'[host."{bare}".power]\n{switch}'
                          f'[host."{bare}".recovery]\nprofile = "lab"\nsilence = {silence}\nbetween = 1\n{more}')

    def recover(self, *options):
        """What became of it, and how long it took."""
        began = time.monotonic()
        done = self.vm.vmc("recover", options=["--yes", "--json", *options], timeout=2 * BOOT_WITHIN)
        took = time.monotonic() - began
        told = json.loads(done.stdout)
        rungs = [step["rung"] for step in told["steps"] if step["rung"] != "look-again"]
        print(f"\n  {' '.join(rungs) or 'no step'}: {told['reason']}, {took:.1f} s")
        assert (done.returncode == 0) is told["recovered"], done.stderr
        return told, rungs, took

    def boot(self):
        shown = self.vm.vmc("boot", "show")
        return shown.stdout

    def power(self):
        return lab_vm("power", self.vm.name, "status")["power"]

    def panic(self):
        """For good: with panic=0 it stays so until its power is cycled."""
        self.vm.vmc("exec", "--", "echo 0 >/proc/sys/kernel/panic; "
                                  "(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &")
        deadline = time.monotonic() + BOOT_WITHIN
        while self.power() != "guest-panicked":
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def qmp(self, command, **arguments):
        return lab_vm("qmp", self.vm.name, json.dumps({"execute": command, "arguments": arguments}))


def boot_id(vm):
    shown = vm.vmc("exec", "--", "cat /proc/sys/kernel/random/boot_id")
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.strip()


def connection(case, **more):
    """One that is held while the VM is well: its state lies where vmc's does."""
    os.environ["XDG_STATE_HOME"] = str(case.vm.home / "state")
    about = case.vm.about
    return SSHConnection(about["address"], about["user"], about["key"], about["port"], **more)


@pytest.fixture
def case(vm):
    """Well, known, and by its own rules; well again when the test is over."""
    one = Case(vm)
    one.policy()
    assert vm.vmc("wait", "--for", "up", options=("--timeout", str(BOOT_WITHIN))).returncode == 0
    assert vm.vmc("diagnose").returncode in (0, 1)
    one.before = boot_id(vm)
    yield one


def test_a_vm_that_comes_back_by_itself_needs_no_step(case):
    lab_vm("power", case.vm.name, "cut")  # QEMU ends with its plug, and its switch with it
    somebody = threading.Timer(3, lab_vm, ("power", case.vm.name, "on"))
    somebody.start()
    told, rungs, _ = case.recover()
    somebody.join()
    assert told["recovered"] and rungs == [] and boot_id(case.vm) != case.before, told


def test_a_panic_with_panic_0_is_proof_and_nobody_waits_for_silence(case):
    case.panic()
    told, rungs, _ = case.recover()
    assert told["recovered"] and rungs == ["power-cycle"], told
    assert "panicked" in told["steps"][-1]["reason"] and boot_id(case.vm) != case.before


def test_a_vm_that_is_paused_is_not_reset(case):
    lab_vm("power", case.vm.name, "pause")
    try:
        told, rungs, _ = case.recover("--timeout", "60")
        assert not told["recovered"] and rungs == [] and "paused" in told["reason"], told
    finally:
        lab_vm("power", case.vm.name, "cont")
    told, rungs, _ = case.recover()
    assert told["recovered"] and rungs == [] and boot_id(case.vm) == case.before, told


def test_a_guest_that_spins_with_interrupts_off_is_cycled_after_the_silence(case, tmp_path):
    port = tmp_path / "gdb"
    case.qmp("human-monitor-command", **{"command-line": f"gdbserver unix:{port},server=on,wait=off"})
    case.policy("takes_effect = 40\n")  # an NMI finds nobody in there
    hang(str(port))
    case.qmp("cont")
    case.qmp("human-monitor-command", **{"command-line": "gdbserver none"})
    assert case.power() == "running"
    told, rungs, took = case.recover()
    assert told["recovered"] and rungs[-1] == "power-cycle" and took >= SILENCE, told
    assert boot_id(case.vm) != case.before


def fault(*words):
    subprocess.run([ROOT / "lab/host", *words], check=True, capture_output=True)


def test_silence_alone_is_waited_for(case):
    fault("fault", case.vm.name, "drop")
    began = time.monotonic()
    healed = threading.Timer(SILENCE - 4, fault, ("heal", case.vm.name))
    healed.start()
    told, rungs, took = case.recover()
    healed.join()
    assert told["recovered"] and rungs == [] and boot_id(case.vm) == case.before, told
    assert time.monotonic() - began < 60


def test_a_panic_is_heard_from_qemu_itself_while_somebody_waits_for_silence_to_last(case):
    """Its network is gone, which proves nothing; 25 s later its kernel is, and QEMU says so unasked."""
    case.policy(silence=300)
    case.vm.vmc("exec", "--", "echo 0 >/proc/sys/kernel/panic; "
                              "(sleep 25; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &")
    fault("fault", case.vm.name, "drop")
    healed = threading.Timer(40, fault, ("heal", case.vm.name))
    healed.start()
    told, rungs, took = case.recover()
    healed.join()
    assert told["recovered"] and rungs == ["power-cycle"] and took < 300 and boot_id(case.vm) != case.before, told
    log = subprocess.run([VMC, "incidents", "--json", told["incident"]], env=case.vm.environment, text=True,
                         capture_output=True, check=True).stdout
    assert "says by itself: panicked (QEMU says GUEST_PANICKED)" in log, log


def test_a_disk_that_is_full_is_left_to_a_person(case):
    case.vm.vmc("exec", "--", "dd if=/dev/zero of=/var/fill bs=1M; :")
    try:
        told, rungs, _ = case.recover("--timeout", "60")
        assert not told["recovered"] and rungs == [] and "disk-full" in told["reason"], told
    finally:
        case.vm.vmc("exec", "--", "rm -f /var/fill")
    assert boot_id(case.vm) == case.before


def test_a_boot_loop_ends_with_the_budget(case):
    case.policy("a_day = 6\ntakes_effect = 20\n")
    over = threading.Event()

    def reset_again():
        """No boot of it comes so far that anything answers."""
        while not over.wait(2):
            case.qmp("system_reset")

    looper = threading.Thread(target=reset_again)
    looper.start()
    try:
        told, rungs, _ = case.recover("--timeout", "240")
        assert not told["recovered"] and "no step is left" in told["reason"], told  # and not: out of time
        assert rungs.count("power-cycle") <= 1, told  # none twice in an incident
    finally:
        over.set()
        looper.join()
    lab_vm("power", case.vm.name, "reset")
    assert case.vm.vmc("wait", "--for", "up", options=("--timeout", str(BOOT_WITHIN))).returncode == 0
    told, rungs, _ = case.recover()
    assert told["recovered"], told


def test_an_orderly_reboot_is_back_and_proven(case):
    done = case.vm.vmc("reboot", "--json", options=())
    told = json.loads(done.stdout) if done.stdout else {}
    assert done.returncode == 0, done.stderr
    print(f"\n  answered nobody for {told['silent_ms']:.0f} ms, back after {told['took_ms']:.0f} ms")
    assert boot_id(case.vm) != case.before


def test_an_sshd_that_was_killed_is_started_through_the_session_that_is_left(case):
    with connection(case) as held:
        assert held.diagnose().health.verdict in ("healthy", "degraded")
        held.run("kill -9 $(cat /run/sshd.pid 2>/dev/null || pidof sshd | tr ' ' '\\n' | sort -n | head -n 1)")
        began = time.monotonic()
        done = held.recover(RecoveryPolicy(up_to="repair", within=120))
        print(f"\n  {[step.rung for step in done.steps]}: {done.reason}, {time.monotonic() - began:.1f} s")
        assert done.recovered and [s.rung for s in done.steps if s.rung != "look-again"] == ["repair"], done
    assert boot_id(case.vm) == case.before


# A shell would end where it cannot fork; this one goes on trying.
BOMB = """awk 'BEGIN { while (1) system("sleep 9999 &") }' </dev/null >/dev/null 2>&1 &"""
SHELLS = "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f; echo; done 2>/dev/null | grep -cx '/bin/sh -s '"


def can_start(held):
    try:
        return held.run("date", timeout=10).ok
    except Exception:  # whatever it says: nothing was started
        return False


def test_a_fork_bomb_is_ended_through_the_shell_that_was_kept_ready(case):
    assert case.vm.vmc("exec", "--", "echo 300 >/proc/sys/kernel/threads-max").returncode == 0
    with connection(case, rescue_shell=True) as held:
        assert held.diagnose().health.verdict in ("healthy", "degraded")
        deadline = time.monotonic() + BOOT_WITHIN
        while held.run(SHELLS).stdout.strip() == "0":
            assert time.monotonic() < deadline, "no shell was made ready"
        held.run(BOMB)
        deadline = time.monotonic() + 60
        while can_start(held):
            assert time.monotonic() < deadline, "the bomb does not fill the table"
        began = time.monotonic()
        done = held.recover(RecoveryPolicy(up_to="repair", within=300))
        print(f"\n  {[step.rung for step in done.steps]}: {done.reason}, {time.monotonic() - began:.1f} s")
        assert done.recovered and [s.rung for s in done.steps if s.rung != "look-again"] == ["repair"], done
        assert "through the shell that was kept ready" in done.steps[-1].result, done.steps
        held.run("echo 4000 >/proc/sys/kernel/threads-max")
    assert boot_id(case.vm) == case.before


# Newcomers are dropped, who is in stays in.
WRONG = """
table inet firewall {
    chain input {
        type filter hook input priority 0; policy accept;
        tcp dport 22 tcp flags & (syn | ack) == syn drop
    }
}
"""


def test_a_wrong_firewall_rule_is_stood_before_through_the_session_that_is_left(case):
    with connection(case) as held:
        assert held.diagnose().health.verdict in ("healthy", "degraded")
        loaded = held.run("for m in libcrc32c nfnetlink nf_tables; do insmod /lib/modules/$m.ko; done; "
                          f"ln -sf /usr/local/sbin/nft /usr/sbin/nft; nft -f - <<'END'\n{WRONG}END\n")
        assert loaded.ok, loaded
        began = time.monotonic()
        done = held.recover(RecoveryPolicy(up_to="repair", within=120))
        print(f"\n  {[step.rung for step in done.steps]}: {done.reason}, {time.monotonic() - began:.1f} s")
        assert done.recovered and [s.rung for s in done.steps if s.rung != "look-again"] == ["repair"], done
        held.run("nft flush ruleset")
    assert boot_id(case.vm) == case.before


def test_a_vm_that_is_off_is_switched_on_without_waiting_for_silence(case, tmp_path):
    """By a program of the user's own: QEMU's socket goes when its VM goes."""
    switch, power = tmp_path / "switch", f"env HOME={os.environ['HOME']} {ROOT}/lab/vm power {case.vm.name}"
    switch.write_text(f"#!/bin/sh\ncase $1 in\n"
                      f"status) case $({power} status) in *'\"running\"'*) echo on ;; *) echo off ;; esac ;;\n"
                      f'*) {power} "$1" ;;\nesac\n')
    switch.chmod(0o755)
    by = "".join(f'{word} = ["{switch}", "{word}"]\n' for word in ("status", "on", "off"))
    case.policy("", switch=f'type = "command"\n{by}', silence=300)
    case.vm.vmc("exec", "--", "(sleep 1; poweroff -f) >/dev/null 2>&1 &")
    deadline = time.monotonic() + BOOT_WITHIN
    while case.power() == "running":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    told, rungs, took = case.recover()
    assert told["recovered"] and rungs == ["power-cycle"] and took < 300, told
    assert "off by its power switch" in told["steps"][-1]["reason"] and boot_id(case.vm) != case.before


def test_a_panic_whose_dump_is_being_written_is_waited_for(case, tmp_path):
    """The panic is a real one; the words of kdump's second kernel are said for it."""
    console, ended = tmp_path / "console", []
    console.touch()
    case.policy(f'[host."{case.vm.about["address"]}".console]\ntype = "file"\npath = "{console}"\n')

    def dump():
        with console.open("a") as says:
            print("[   40.100000] Kernel panic - not syncing: sysrq triggered crash", file=says)
            print("[    0.000000] Starting crashdump kernel...", file=says, flush=True)
            for percent in range(0, 100, 4):
                print(f"Copying data : [{percent:3}.0 %]", file=says, flush=True)
                time.sleep(1)
            ended.append(time.time())
            print("The dumpfile is saved to /var/crash/vmcore.", file=says, flush=True)

    case.panic()
    dumping = threading.Thread(target=dump)
    dumping.start()
    told, rungs, _ = case.recover()
    dumping.join()
    assert told["recovered"] and rungs == ["power-cycle"] and boot_id(case.vm) != case.before, told
    assert datetime.datetime.fromisoformat(told["steps"][-1]["at"]).timestamp() > ended[0], told
