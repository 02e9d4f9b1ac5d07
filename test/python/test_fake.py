# SPDX-License-Identifier: Apache-2.0
"""vm_connection.testing: a VM that is not there, and behaves."""

import asyncio
import re
import threading

import pytest

import vm_connection
from vm_connection import (AuthenticationError, CommandTimeoutError, ConnectionLostError, HostKeyError, SSHConnection,
                           VMConnection, VMConnectionError, VMRebootDetectedError, aio)
from vm_connection.testing import FakeVM, Reply


def user_code(host):
    """What somebody who uses the module writes."""
    vm = VMConnection(host, "ubuntu", "~/.ssh/id_rsa")
    vm.connect()
    vm.record_boot_id()
    lines = []
    code = vm.execute("make test", timeout=30, output_callback=lines.append)
    vm.check_reboot()
    return code, lines


def test_code_that_makes_its_own_connection_meets_the_fake(fake_vm):
    fake_vm.on("make test", stdout="one\ntwo\n", stderr="careful\n", exit_code=3)
    assert user_code("192.168.1.100") == (3, ["one", "two", "STDERR: careful"])
    assert [c.command for c in fake_vm.commands] == ["make test"]
    assert fake_vm.commands[0].user == "ubuntu" and fake_vm.commands[0].timeout == 30


def test_a_reboot_under_the_command_is_noticed(fake_vm):
    def reboot(command):
        fake_vm.reboot()
        return Reply(stdout="back\n")

    before = fake_vm.boot_id
    fake_vm.on("make test", reboot)
    with pytest.raises(VMRebootDetectedError) as caught:
        user_code("vm1")
    assert (caught.value.before, caught.value.after) == (before, fake_vm.boot_id)


def test_another_machine_is_not_called_a_reboot(fake_vm):
    conn = fake_vm.ssh()
    conn.connect()
    conn.record_boot_id()
    fake_vm.machine_id, fake_vm.host_key = "another", "SHA256:another"
    fake_vm.reboot()
    with pytest.raises(VMConnectionError, match="another machine") as caught:
        conn.check_reboot()
    assert not isinstance(caught.value, VMRebootDetectedError)


def test_an_unscripted_command_is_not_found(fake_vm):
    with fake_vm.ssh() as conn:
        outcome = conn.run("frobnicate -x")
    assert outcome.exit_code == 127 and "not found" in outcome.stderr


def test_patterns_and_the_last_word_wins(fake_vm):
    fake_vm.on(re.compile("echo .*"), stdout="some\n").on("echo 1", stdout="one\n")
    with fake_vm.ssh() as conn:
        assert conn.run("echo 1").stdout == "one\n"
        assert conn.run("echo 2").stdout == "some\n"


def test_a_sequence_of_replies_ends_with_its_last(fake_vm):
    fake_vm.on("poll", [Reply(exit_code=1), Reply(exit_code=1), Reply()])
    with fake_vm.ssh() as conn:
        assert [conn.execute("poll") for _ in range(4)] == [1, 1, 0, 0]


def test_a_delay_longer_than_the_timeout_times_out_at_once(fake_vm):
    fake_vm.on("sleep 60", delay=60)
    with fake_vm.ssh() as conn:
        assert conn.execute("sleep 60") == 0
        with pytest.raises(CommandTimeoutError) as caught:
            conn.execute("sleep 60", timeout=5)
    assert (caught.value.command, caught.value.timeout) == ("sleep 60", 5)


def test_a_link_that_ends_under_a_command(fake_vm):
    fake_vm.on("stress", stdout="begun\n", lost=True)
    lines = []
    with fake_vm.ssh() as conn:
        with pytest.raises(ConnectionLostError) as caught:
            conn.execute("stress", output_callback=lines.append)
        assert conn.run("stress").outcome == "lost"
    assert lines == ["begun"] and caught.value.may_have_run == "yes"


def test_a_hanging_command_ends_with_the_link(fake_vm):
    fake_vm.on("serve", hang=True)
    with fake_vm.ssh() as conn:
        threading.Timer(0.1, fake_vm.unreachable).start()
        with pytest.raises(ConnectionLostError):
            conn.execute("serve")
        refused = conn.run("serve")
        assert refused.outcome == "refused" and refused.may_have_run == "no" and refused.failure.stage == "tcp"
        assert not conn.is_alive() and not conn.reconnect(retries=2, delay=100)
        fake_vm.reachable()
        assert conn.reconnect() and conn.is_alive()


def test_denials_and_changed_keys(fake_vm):
    fake_vm.deny_login()
    with pytest.raises(AuthenticationError) as caught:
        fake_vm.ssh().connect()
    assert caught.value.failure.stage == "authentication"
    fake_vm.change_host_key()
    with pytest.raises(HostKeyError):
        fake_vm.ssh().connect()


def test_several_fakes_answer_for_their_hosts_and_nobody_for_the_rest():
    with FakeVM("a") as a, FakeVM("b") as b:
        a.on("hostname", stdout="a\n")
        b.on("hostname", stdout="b\n")
        for name in "ab":
            with SSHConnection(name, "u", "k") as conn:
                assert conn.run("hostname").stdout == name + "\n"
        with pytest.raises(VMConnectionError, match="no FakeVM stands in for c"):
            SSHConnection("c", "u", "k").connect()


def test_the_fake_is_gone_after_its_block():
    with FakeVM():
        pass
    conn = SSHConnection("127.0.0.1", "u", "/nonexistent/key", port=1, connection_timeout=2)
    with pytest.raises(VMConnectionError):
        conn.connect()
    conn.close()


def test_the_same_classes_and_signatures(fake_vm):
    assert type(fake_vm.ssh()) is SSHConnection and type(fake_vm.vm()) is VMConnection
    with fake_vm.vm(port=2222) as vm:
        assert vm.ssh.port == 2222
        report = vm.is_alive("thorough")
    assert report["alive"] and report["confidence"] > 0.9 and report["checks_failed"] == 0


def test_a_diagnosis_can_be_scripted(fake_vm):
    """What the VM suggests, and what a test says."""
    with fake_vm.vm() as vm:
        assert (vm.diagnose().verdict, vm.diagnose().cause) == ("healthy", "none")
        health = vm_connection.Health("thorough", verdict="degraded", claim=True, cause="disk-full")
        full = vm_connection.Hypothesis("disk-full", 0.97, ("a disk is full",))
        told = vm_connection.Diagnosis(health, hypotheses=(full,))
        fake_vm.diagnosis_is(told)
        assert vm.diagnose() == told


def test_health_can_be_scripted(fake_vm):
    fake_vm.health_is(vm_connection.Health("medium", verdict="degraded", alive=True, confidence=0.7, evidence=(
        vm_connection.Evidence("system", "disk-space", "fails", "99 % of 20 GB used on /"),)))
    report = fake_vm.vm().is_alive()
    assert report["alive"] and report["failed_checks"] == ["disk-space"]


def test_notices_are_told(fake_vm):
    told, online = [], threading.Event()

    def hear(notice):
        told.append(notice.kind)
        if notice.kind == "rebooted":
            online.set()

    conn = fake_vm.ssh(on_notice=hear)
    conn.connect()
    fake_vm.reboot()
    assert online.wait(5)
    conn.close()
    assert told == ["connecting", "online", "ended", "rebooted"]


def test_the_fake_speaks_asyncio(fake_vm):
    fake_vm.on("uname -r", stdout="6.1\n").on("serve", hang=True)

    async def story():
        async with aio.SSHConnection("vm1", "root", "k") as conn:
            assert (await conn.run("uname -r")).stdout == "6.1\n"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await conn.run("serve")
            assert await conn.execute("uname -r") == 0
        async with aio.VMConnection("vm1", "root", "k") as vm:
            assert (await vm.is_alive())["alive"]
            await vm.record_boot_id()
            assert await vm.check_reboot() is False

    asyncio.run(story())


def test_the_story_of_a_reboot_is_told_with_how_it_is_known(fake_vm):
    with fake_vm.ssh() as conn:
        with pytest.raises(ValueError):
            conn.boot_since()
        conn.record_boot_id()
        assert conn.boot_since().change == "none" and not conn.boot_since().new_life
        fake_vm.reboot()
        once = conn.boot_since()
        assert (once.change, once.boots, once.ended, once.new_life) == ("reboot", 1, "orderly", True)
        assert once.died_at is not None and once.down is not None
        assert once.before == conn.recorded_boot and once.now.boot_id == fake_vm.boot_id
        fake_vm.reboot()
        twice = conn.boot_since()
        assert (twice.change, twice.boots, twice.down) == ("reboot-at-least-once", 2, None)
        fake_vm.reboot(ended="crash", cause="Kernel panic - not syncing: test")
        assert conn.boot_since().cause == "Kernel panic - not syncing: test"
        assert conn.boot_since(twice.now).change == "crash-reboot"


def test_time_that_stood_still_is_no_reboot(fake_vm, monkeypatch):
    first = {"uptime": 100.0, "read_at": 1000.0, "read_on": 50.0}
    later = {"uptime": 110.0, "read_at": 1120.0, "read_on": 170.0}
    plain = fake_vm.boot_reading
    with fake_vm.ssh() as conn:
        monkeypatch.setattr(fake_vm, "boot_reading", lambda: plain() | first)
        conn.record_boot_id()
        monkeypatch.setattr(fake_vm, "boot_reading", lambda: plain() | later)
        assert conn.boot_since().change == "pause"
        assert conn.check_reboot() is False


def test_the_story_is_told_to_asyncio_too(fake_vm):
    async def story():
        async with aio.SSHConnection("vm1", "ubuntu", "~/.ssh/id_rsa") as conn:
            before = await conn.boot()
            fake_vm.reboot()
            return await conn.boot_since(before)

    assert asyncio.run(story()).change == "reboot"
