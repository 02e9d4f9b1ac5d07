"""A real kernel in QEMU, reached by vmc: what namespaces cannot show.

Run by ./check inside `lab/enter`; one machine for all of it, because a boot costs seconds.
"""

import json
import subprocess
import time

from conftest import BOOT_WITHIN, ROOT, VMC, lab_vm


def boot(vm, action):
    done = subprocess.run([VMC, "boot", action, *vm.words("boot")[2:], vm.host], env=vm.environment, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=BOOT_WITHIN)
    return done


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
    lab_vm("power", vm.name, "on")
    assert vm.vmc("wait", "--for", "up", options=("--timeout", str(BOOT_WITHIN))).returncode == 0


def test_quickstart_keeps_its_promises(tmp_path):
    """The README's first command, on what is built already. It says itself when something is not as promised."""
    began = time.monotonic()
    done = subprocess.run([ROOT / "quickstart"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=400)
    print(f"quickstart took {time.monotonic() - began:.0f} s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All 60 lines arrived" in done.stdout and "Exit code 10: it has rebooted" in done.stdout
