"""A real kernel in QEMU, reached by vmc: what namespaces cannot show.

Run by ./check inside `lab/enter`; one machine for all of it, because a boot costs seconds.
"""

import json
import subprocess
import time

from conftest import BOOT_WITHIN, ROOT, VMC, lab_vm


def boot(vm, action, *options):
    return subprocess.run([VMC, "boot", action, *vm.words("boot", *options)[2:], vm.host], env=vm.environment,
                          text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=BOOT_WITHIN)


def story(vm):
    """Nothing while it is not reached."""
    checked = boot(vm, "check", "--json")
    return json.loads(checked.stdout) if checked.stdout else None


LOOKS = {"looks": 0, "claims": 0}


def look(vm):
    """What is said of it, and how often anything was claimed."""
    told = json.loads(vm.vmc("diagnose", options=["--json"]).stdout)
    LOOKS["looks"] += 1
    LOOKS["claims"] += told["claim"]
    return told


def nothing_is_claimed(vm):
    """Off, paused and panicked look the same behind a forwarder: it is a set, and no claim."""
    told = look(vm)
    assert (told["claim"], told["boot_change"]) == (False, "unknown"), told
    assert told["verdict"] in ("unreachable", "unknown"), told
    return {each["cause"] for each in told["hypotheses"]}


def boot_id(vm):
    shown = vm.vmc("exec", "--", "cat /proc/sys/kernel/random/boot_id")
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.strip()


def test_a_thorough_check_finds_a_real_machine_healthy(vm):
    checked = vm.vmc("check", "--level", "thorough", "--json")
    assert checked.returncode in (0, 1), checked.stdout + checked.stderr
    found = json.loads(checked.stdout)
    assert found["schema"] == 1
    assert found["verdict"] in ("healthy", "degraded")


def test_a_paused_machine_is_not_lost_and_its_command_goes_on(vm):
    counting = vm.start("exec", "i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.2; done")
    assert counting.stdout.readline() == "0\n"
    lab_vm("power", vm.name, "pause")
    try:
        time.sleep(12)  # longer than it takes to be suspected, and the time that is being tested
    finally:
        lab_vm("power", vm.name, "cont")
    out, err = counting.communicate(timeout=180)
    assert counting.returncode == 0, err
    assert out.split() == [str(n) for n in range(1, 40)]
    assert "no" in err.lower() or "quiet" in err.lower(), "the user was told nothing"


def test_a_pause_is_told_as_one_and_is_no_reboot(vm):
    assert boot(vm, "record").returncode == 0
    assert look(vm)["verdict"] in ("healthy", "degraded")
    lab_vm("power", vm.name, "pause")
    began = time.monotonic()
    assert "vm-paused" in nothing_is_claimed(vm)
    time.sleep(max(0, began + 10 - time.monotonic()))  # the time that stands still
    lab_vm("power", vm.name, "cont")
    assert look(vm)["boot_change"] == "pause"
    told = story(vm)
    assert told["boot_change"] == "pause", told
    assert 8000 <= told["stood_still_ms"] <= 20000
    assert boot(vm, "check").returncode == 0


def test_a_panic_that_left_no_record_is_a_reboot_and_no_crash_is_claimed(vm):
    assert boot(vm, "record").returncode == 0
    vm.vmc("exec", "--", "echo 1 >/proc/sys/kernel/panic; (sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &")
    deadline = time.monotonic() + BOOT_WITHIN
    while lab_vm("power", vm.name, "status")["power"] != "guest-panicked":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "kernel-dead" in nothing_is_claimed(vm)
    lab_vm("power", vm.name, "cont")
    while vm.vmc("wait", "--for", "up", options=("--timeout", str(BOOT_WITHIN))).returncode == 0:
        told = story(vm)
        if told and told["boot_change"] != "none":
            break
        assert time.monotonic() < deadline
    assert (told["boot_change"], told["ended"], told["cause"]) == ("reboot-at-least-once", "unknown", None), told
    assert told["returned_at"] is not None


def test_the_power_of_a_real_machine_is_told_and_its_reset_is_a_reboot(vm):
    bare = vm.about["address"]
    config = vm.home / ".config" / "vm-connection" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'[host."{bare}".power]\ntype = "qmp"\nsocket = "{vm.about["qmp"]}"\n')

    def power(action):
        return subprocess.run([VMC, "power", action, f"{vm.host}:{vm.about['port']}"], env=vm.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=90)

    try:
        assert boot(vm, "record").returncode == 0
        told = power("status")
        assert (told.returncode, told.stdout.split(": ")[1]) == (0, "on (QEMU says running)\n"), told
        lab_vm("power", vm.name, "pause")
        told = power("status")
        assert told.returncode == 1 and "paused" in told.stdout, told
        lab_vm("power", vm.name, "cont")
        done = power("cycle")
        assert done.returncode == 0, done
        assert vm.vmc("wait", options=("--for", "up")).returncode == 0
        assert boot(vm, "check").returncode == 10
    finally:
        config.unlink()


def test_a_reset_is_named_with_both_boot_ids(vm):
    before = boot_id(vm)
    assert boot(vm, "record").returncode == 0
    assert boot(vm, "check").returncode == 0
    lab_vm("reboot", vm.name)
    waited = vm.vmc("wait", "--for", "up", options=("--timeout", str(BOOT_WITHIN)))
    assert waited.returncode == 0, waited.stderr
    after = boot_id(vm)
    compared = boot(vm, "check")
    assert compared.returncode == 10, compared.stdout + compared.stderr
    assert before in compared.stdout and after in compared.stdout and before != after


def test_a_command_under_a_power_cut_is_lost_and_never_said_to_have_ended(vm):
    running = vm.start("exec", "echo started; sleep 600; echo ended", "--lost-after", "3", "--json")
    time.sleep(2)
    lab_vm("power", vm.name, "cut")
    out, err = running.communicate(timeout=60)
    assert running.returncode == 255, out + err
    assert "ended" not in out.replace("started", "")
    nothing_is_claimed(vm)
    lab_vm("power", vm.name, "on")
    assert vm.vmc("wait", "--for", "up", options=("--timeout", str(BOOT_WITHIN))).returncode == 0


def test_what_was_claimed_was_so():
    print(f"{LOOKS['looks']} looks, {LOOKS['claims']} claims, 0 of them wrong: each was judged where it was made")
    assert LOOKS["looks"] >= 5 and LOOKS["claims"] >= 2


def test_quickstart_keeps_its_promises(tmp_path):
    """The README's first command, on what is built already. It says itself when something is not as promised."""
    began = time.monotonic()
    done = subprocess.run([ROOT / "quickstart"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=400)
    print(f"quickstart took {time.monotonic() - began:.0f} s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All 60 lines arrived" in done.stdout and "Exit code 10: it has rebooted" in done.stdout
