# SPDX-License-Identifier: Apache-2.0
"""Recovery from Python: the fake, and the values. Real ladders are in test/cli, test/scenario and test/vm."""

import asyncio
import dataclasses

import pytest

from vm_connection import PowerSwitch, RecoveryPolicy, VMConnection, VMConnectionError, aio
from vm_connection.testing import FakeVM

SWITCH = PowerSwitch.command({"status": ["true"], "on": ["true"], "off": ["true"]})


def test_a_vm_that_is_well_is_left_alone():
    with FakeVM() as fake:
        done = VMConnection("web-1", "u", "k").recover()
        assert done and done.recovered and done.reason == "it is well" and done.incident is None
        assert done.steps == () and done.found.health.verdict == "healthy" and fake.power_actions == []


def test_a_vm_that_is_off_is_switched_on_and_its_boot_is_another():
    with FakeVM() as fake:
        vm = VMConnection("web-1", "u", "k", power=SWITCH)
        before = vm.boot_id if hasattr(vm, "boot_id") else fake.boot_id
        fake.switched("off")
        done = vm.recover()
        assert done.recovered and [step.rung for step in done.steps] == ["power-cycle"]
        assert fake.power_actions == ["off", "on"] and fake.boot_id != before


def test_a_dry_run_says_what_may_be_done_and_does_nothing():
    with FakeVM() as fake:
        fake.switched("off")
        done = VMConnection("web-1", "u", "k", power=SWITCH).recover(RecoveryPolicy(dry_run=True))
        assert not done and [one.rung for one in done.outlook if one.may] == ["power-cycle"]
        assert fake.power_actions == ["off"]


def test_a_policy_that_stops_short_lets_nothing_be_done_beyond():
    with FakeVM() as fake:
        fake.switched("off")
        done = VMConnection("web-1", "u", "k", power=SWITCH).recover(RecoveryPolicy(up_to="reboot"))
        assert not done.recovered and fake.power_actions == ["off"]


def test_an_orderly_reboot_is_back_with_another_boot():
    with FakeVM() as fake:
        done = VMConnection("web-1", "u", "k").reboot(timeout=60)
        assert done.story.change == "reboot" and done.story.now.boot_id == fake.boot_id
        fake.unreachable()
        with pytest.raises(VMConnectionError, match="no answer"):
            VMConnection("web-1", "u", "k").reboot()


def test_the_same_as_coroutines():
    async def main():
        vm = aio.VMConnection("web-1", "u", "k")
        return (await vm.recover()).recovered, (await vm.reboot()).story.change

    with FakeVM():
        assert asyncio.run(main()) == (True, "reboot")


@pytest.mark.parametrize("wrong", [
    {"up_to": "power"}, {"profile": "reckless"}, {"silence": 0}, {"within": -1}, {"a_day": 1000}, {"fleet_size": -1},
    {"fleet_share": 2}])
def test_a_policy_that_makes_no_sense_is_refused_when_it_is_made(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RecoveryPolicy(**wrong)


def test_a_real_vm_that_is_gone_is_not_recovered_and_that_is_no_exception(tmp_path):
    off = PowerSwitch.command({"status": ["echo", "off"]}, within=2)
    done = VMConnection("192.0.2.77", "u", "k", power=off, connection_timeout=2).recover(
        RecoveryPolicy(up_to="look-again", within=30))
    assert not done.recovered and done.incident and done.reason
    assert {field.name for field in dataclasses.fields(done.found)} >= {"health", "hypotheses"}
