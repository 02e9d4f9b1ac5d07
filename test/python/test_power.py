# SPDX-License-Identifier: Apache-2.0
"""A VM's power switch from Python: real programs, and the fake. Those that lie and hang are in test/cli/test_power."""

import asyncio
import itertools

import pytest

from vm_connection import PowerReading, PowerSwitch, SSHConnection, VMConnection, VMConnectionError, aio

# Each switch has a host of its own: what is under way at one is remembered.
hosts = (f"192.0.2.{number}" for number in itertools.count(1))


@pytest.fixture
def switch(tmp_path):
    """A switch, and the file in which its VM is "on" or "off"."""
    state = tmp_path / "power"
    state.write_text("on\n")
    tell = lambda word: ["sh", "-c", f"echo {word} >{state}"]
    return PowerSwitch.command({"status": ["cat", str(state)], "off": tell("off"), "on": tell("on")}, within=10), state


def test_a_vm_is_asked_and_switched_off_and_on(switch):
    by, state = switch
    vm = VMConnection(next(hosts), "u", "k", power=by)
    assert vm.power() == PowerReading("on", "on", vm.power().took) or vm.power().state == "on"
    assert vm.power("off").state == "off" and state.read_text() == "off\n"
    assert vm.ssh.power().state == "off"
    done = vm.power("cycle")
    assert done.state == "on" and 0 < done.took < 10 and state.read_text() == "on\n"


def test_the_same_as_coroutines(switch):
    by, state = switch

    async def main():
        vm = aio.VMConnection(next(hosts), "u", "k", power=by)
        before, done = await vm.power(), await vm.power("off")
        again = await aio.SSHConnection(next(hosts), "u", "k", power=by).power()
        return before.state, done.state, again.state

    assert asyncio.run(main()) == ("on", "off", "off")


def test_what_was_not_done_is_an_error_that_says_how_it_stands(tmp_path):
    lies = PowerSwitch.command({"status": ["echo", "on"], "off": ["true"]}, within=1)
    with pytest.raises(VMConnectionError, match="ordered off, and its power switch says on"):
        VMConnection(next(hosts), "u", "k", power=lies).power("off")
    with pytest.raises(VMConnectionError, match="cannot do that: cycle"):
        VMConnection(next(hosts), "u", "k", power=lies).power("cycle")
    with pytest.raises(VMConnectionError, match="No such file"):
        VMConnection(next(hosts), "u", "k", power=PowerSwitch.qmp(tmp_path / "no.qmp")).power()


def test_a_fence_agent_gets_its_options_and_secrets_and_nothing_else_does(tmp_path):
    agent, heard, secrets = tmp_path / "fence_of_ours", tmp_path / "heard", tmp_path / "secrets"
    agent.write_text(f"#!/bin/sh\necho \"$#\" >{heard}; cat >>{heard}; echo 'Status: ON'; exit 0\n")
    agent.chmod(0o755)
    secrets.write_text("password=hush\n")
    secrets.chmod(0o600)
    by = PowerSwitch.fence(agent, {"plug": 7}, secrets=secrets)
    assert VMConnection(next(hosts), "u", "k", power=by).power().state == "on"
    assert {"0", "plug=7", "password=hush", "action=status"} <= set(heard.read_text().splitlines())
    assert "hush" not in repr(by)
    secrets.chmod(0o644)
    with pytest.raises(VMConnectionError, match="secrets"):
        VMConnection(next(hosts), "u", "k", power=by).power()


def test_what_makes_no_sense_is_a_value_error_before_anything_is_asked(switch):
    by, _ = switch
    with pytest.raises(ValueError, match="no power switch"):
        SSHConnection("vm1", "u", "k").power()
    with pytest.raises(ValueError, match="not 'explode'"):
        SSHConnection("vm1", "u", "k", power=by).power("explode")
    for programs in ({}, {"off": ["true"]}, {"status": "true"}, {"status": []}, {"status": ["true"], "bang": ["true"]},
                     {"status": ["a\0b"]}):
        with pytest.raises(ValueError):
            PowerSwitch.command(programs)
    for within in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValueError):
            PowerSwitch.qmp("/run/x", within=within)
    with pytest.raises(ValueError):
        PowerSwitch.qmp("")
    with pytest.raises(ValueError):
        PowerSwitch.fence("fence_x", {"plug": "7\naction=off"})


def test_a_fake_vm_can_be_switched_too(fake_vm):
    by = PowerSwitch.qmp("/run/fake.qmp")
    vm = fake_vm.vm(power=by)
    vm.connect()
    was = vm.record_boot_id()
    assert vm.power().state == "on" and vm.power("off").state == "off"
    with pytest.raises(VMConnectionError):
        vm.connect()
    assert vm.power("on").state == "on"
    vm.connect()
    assert vm.boot().boot_id != was
    assert vm.boot_since().ended == "unclean"
    vm.power("nmi")
    vm.connect()
    assert fake_vm.power_actions == ["off", "on", "nmi"]
