"""A VM has a kernel of its own, and power that can be cut."""

import json

import pytest
from conftest import connect, run_lab
from vmlab import kernel
from vmlab.vm import Vm

_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


@pytest.fixture(scope="module", name="vm")
def _vm():
    vm = Vm.up()
    yield vm
    vm.down()


def test_it_answers_over_both_families_and_looks_like_a_machine(vm, ssh):
    assert ssh(vm).output("id -un", user="tester") == "tester"
    assert ssh(vm).output("cat /etc/machine-id", v6=True) == vm.spec["machine_id"]
    told = ssh(vm).output("df /var; free; uptime; ps; cat /proc/pressure/io; uname -r")
    assert "some avg10" in told and "cloud-amd64" in told
    assert ssh(vm).output("cat /sys/class/dmi/id/product_uuid") == vm.spec["uuid"]


def test_a_power_cut_gives_a_new_boot_and_keeps_what_was_synced(vm, ssh):
    before = ssh(vm).output(f"echo kept >/var/kept; sync; {_BOOT_ID}")
    vm.cut()
    assert vm.power_state() == "off"
    with pytest.raises(TimeoutError):
        connect(vm.describe()["address"], seconds=0.7)
    vm.power_on()
    assert ssh(vm).output(_BOOT_ID) != before
    assert ssh(vm).output("cat /var/kept") == "kept"


def test_pause_is_silence_and_the_same_boot_afterwards(vm, ssh):
    before = ssh(vm).output(_BOOT_ID)
    status = json.loads(run_lab("vm", "power", vm.name, "pause").stdout)
    assert status["power"] == "paused"
    with pytest.raises(TimeoutError):
        connect(vm.describe()["address"], seconds=0.7)
    run_lab("vm", "power", vm.name, "cont")
    assert ssh(vm).output(_BOOT_ID) == before


def test_an_nmi_panics_the_kernel_and_reset_brings_it_back(vm, ssh):
    vm.qmp("inject-nmi")
    kernel.wait_for(lambda: vm.power_state() == "guest-panicked", 20, "the panic")
    vm.qmp("cont")  # paused before the kernel had printed: in an NMI the console comes last
    kernel.wait_for(lambda: "Kernel panic" in vm.console(), 20, "the panic on the console")
    vm.reset()
    ssh(vm).output("true")


def test_reboot_typed_inside_is_a_real_one_and_faults_reach_a_vm(vm, ssh):
    before = ssh(vm).output(_BOOT_ID)
    run_lab("host", "fault", vm.name, "drop-icmp")
    try:
        ssh(vm).run("reboot -f >/dev/null 2>&1 &", seconds=20)
        kernel.wait_for(lambda: ssh(vm).run(_BOOT_ID, seconds=60).stdout.strip() not in ("", before),
                        240, "the reboot", step=0.2)
    finally:
        assert json.loads(run_lab("host", "heal", vm.name).stdout)["faults"] == []


def test_the_power_button_shuts_down_in_order(vm, ssh):
    ssh(vm).output("echo late >/var/late")  # not synced: an orderly shutdown must keep it
    assert json.loads(run_lab("vm", "power", vm.name, "off").stdout)["power"] == "off"
    vm.power_on()
    assert ssh(vm).output("cat /var/late") == "late"
