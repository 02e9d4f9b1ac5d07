# SPDX-License-Identifier: Apache-2.0
"""The ladder over a session that is left, on real hosts."""

import concurrent.futures
import time

import pytest

from vm_connection import PowerSwitch, RecoveryPolicy, SSHConnection


@pytest.fixture
def held(own_host):
    """A host, and a connection to it from when it was well."""
    vm = SSHConnection(**own_host.where(user="root"))
    vm.connect()
    assert vm.diagnose().health.verdict == "healthy"
    yield own_host, vm
    vm.close()


def rungs(done):
    return [step.rung for step in done.steps if step.rung != "look-again"]


def test_a_dead_sshd_is_started_through_the_session_that_is_left_and_nothing_is_rebooted(held):
    host, vm = held
    boot = vm.boot().boot_id
    host.shell("pkill -KILL -o -x sshd")
    done = vm.recover(RecoveryPolicy(up_to="repair", within=90))
    assert done.recovered and rungs(done) == ["repair"], done
    assert done.boot is None or done.boot.change == "none"
    assert vm.boot().boot_id == boot and done.down < 90
    assert SSHConnection(**host.where(user="root")).connect() is None


def test_a_stopped_sshd_is_woken(held):
    host, vm = held
    host.do("sshd", "freeze")
    done = vm.recover(RecoveryPolicy(up_to="repair", within=90))
    assert done.recovered and rungs(done) == ["repair"] and "woke" in done.steps[-1].result, done


def test_a_vm_that_is_off_by_its_switch_is_switched_on_at_once(own_host, tmp_path):
    state, orders = tmp_path / "state", tmp_path / "orders"
    state.write_text("on\n")
    orders.touch()
    order = lambda word: ["sh", "-c", f"echo {word} >>{orders}"]
    by = PowerSwitch.command({"status": ["cat", str(state)], "on": order("on"), "off": order("off")}, within=20)
    vm = SSHConnection(**own_host.where(user="root"), power=by)
    vm.connect()
    before = vm.boot()
    assert vm.diagnose().health.verdict == "healthy"
    own_host.do("off")
    state.write_text("off\n")
    waiting = concurrent.futures.ThreadPoolExecutor(1).submit(vm.recover, RecoveryPolicy(within=90))
    end = time.monotonic() + 60
    while not orders.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    own_host.do("on")
    state.write_text("on\n")
    done = waiting.result(120)
    assert done.recovered and rungs(done) == ["power-cycle"], done
    assert orders.read_text() == "on\n" and done.boot.new_life and done.boot.before.boot_id == before.boot_id
    vm.close()


def test_an_orderly_reboot_is_proven_by_another_boot(held):
    host, vm = held
    before = vm.boot().boot_id
    done = vm.reboot(timeout=90)
    assert done.story.new_life and done.story.before.boot_id == before and vm.boot().boot_id != before
    assert 0 < done.silent < done.took < 90


WRONG = """
table inet firewall {
    chain input {
        type filter hook input priority 0; policy accept;
        ct state established accept
        tcp dport 22 VERDICT
    }
}
"""


@pytest.mark.parametrize("verdict", ["drop", "reject with tcp reset"])
def test_a_wrong_firewall_rule_gets_one_of_ours_in_front_over_the_session_that_is_left(held, verdict):
    host, vm = held
    boot = vm.boot().boot_id
    vm.run("nft -f - <<'.'\n" + WRONG.replace("22", str(host.where()["port"])).replace("VERDICT", verdict) + ".")
    done = vm.recover(RecoveryPolicy(up_to="repair", within=120))
    assert done.recovered and rungs(done) == ["repair"], done
    assert "nft: accept in front" in done.steps[-1].result, done.steps
    assert vm.boot().boot_id == boot
    assert SSHConnection(**host.where(user="root")).connect() is None
