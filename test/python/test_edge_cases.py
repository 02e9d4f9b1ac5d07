# SPDX-License-Identifier: Apache-2.0
"""The founding edge cases under their names, and bad input."""

import pickle

import pytest

from vm_connection import (CommandFailedError, CommandTimeoutError, ConnectionLostError, Health, HostKeyError, Outcome,
                           SSHConnection, VMConnection, VMConnectionError, VMRebootDetectedError, aio)


def test_initialization_with_custom_port_and_timeout():
    conn = SSHConnection("vm1", "ubuntu", "/keys/id", port=2222, connection_timeout=30)
    assert (conn.host, conn.user, conn.key_path) == ("vm1", "ubuntu", "/keys/id")
    assert (conn.port, conn.connection_timeout) == (2222, 30)
    vm = VMConnection("vm1", "ubuntu", "/keys/id", 2222, 30)
    assert (vm.ssh.port, vm.ssh.connection_timeout) == (2222, 30)
    assert SSHConnection("vm1", "ubuntu", "/keys/id").port == 22
    assert SSHConnection("vm1", "ubuntu", "/keys/id").connection_timeout == 10


def test_execute_with_no_output_callback(conn):
    assert conn.execute("echo out; echo err >&2") == 0
    assert conn.execute("exit 7", output_callback=None) == 7


def test_is_alive_with_invalid_level(conn):
    with pytest.warns(UserWarning, match="unknown level 'extreme', taken as 'medium'") as warned:
        assert conn.is_alive("extreme") is True
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning):
        assert conn.health("").level == "medium"


def test_reconnect_with_zero_retries(conn):
    assert conn.reconnect(retries=0) is False
    assert conn.reconnect(0, delay=1000) is False
    assert conn.execute("true") == 0  # the link we had is still there
    assert SSHConnection("192.0.2.1", "u", "k").reconnect(retries=0) is False


def test_vm_connection_is_alive_with_zero_checks(fake_vm):
    fake_vm.health_is(Health("medium", alive=True, confidence=0.9, evidence=()))
    report = fake_vm.vm().is_alive()
    assert report["alive"] is False and report["confidence"] == 0.0
    assert report["checks_passed"] == report["checks_failed"] == 0 and report["failed_checks"] == []
    assert fake_vm.ssh().is_alive() is False


@pytest.mark.parametrize("kind", [SSHConnection, VMConnection, aio.SSHConnection, aio.VMConnection])
@pytest.mark.parametrize("wrong", [
    dict(key_path=""), dict(key_path=None), dict(host=""), dict(user=""), dict(port=0), dict(port=70000),
    dict(connection_timeout=0), dict(connection_timeout=-1), dict(connection_timeout=float("nan")),
    dict(host_keys="trusting"), dict(host="a\0b"),
])
def test_arguments_that_make_no_sense_are_value_errors(kind, wrong):
    with pytest.raises(ValueError):
        kind(**{"host": "vm1", "user": "u", "key_path": "k", **wrong})


def test_the_home_directory_is_found(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert SSHConnection("vm1", "u", "~/.ssh/id_rsa").key_path == "/home/me/.ssh/id_rsa"


def test_not_connected():
    for conn in (SSHConnection("vm1", "u", "k"), VMConnection("vm1", "u", "k")):
        for verb in (lambda: conn.execute("true"), lambda: conn.run("true"), conn.record_boot_id, conn.boot):
            with pytest.raises(VMConnectionError, match="^Not connected to VM$"):
                verb()
        with pytest.raises(ValueError):
            conn.check_reboot()
        conn.close()


@pytest.mark.parametrize("command", ["", "  \n", "a\0b", [], ["a\0"]])
def test_a_command_that_cannot_be_sent_is_a_value_error(fake_vm, command):
    with fake_vm.ssh() as conn:
        with pytest.raises(ValueError):
            conn.run(command)
    assert fake_vm.commands == []


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_makes_no_sense_is_a_value_error(fake_vm, timeout):
    with fake_vm.ssh() as conn:
        with pytest.raises(ValueError):
            conn.execute("true", timeout=timeout)


def test_every_error_is_a_vm_connection_error_and_survives_pickling():
    outcome = Outcome("exited", exit_code=3)
    for error in (CommandTimeoutError("make", 5.0, "yes"), VMRebootDetectedError("a", "b"), HostKeyError("changed"),
                  ConnectionLostError("gone", "unknown"), CommandFailedError("make", outcome)):
        assert isinstance(error, VMConnectionError)
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error) and again.__dict__ == error.__dict__
    assert str(CommandTimeoutError("make", 5)) == "Command timed out after 5s: make"
