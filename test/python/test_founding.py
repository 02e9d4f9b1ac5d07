# SPDX-License-Identifier: Apache-2.0
"""The founding API against a real sshd: every verb does what it always did."""

import time

import pytest

from vm_connection import (AuthenticationError, CommandTimeoutError, ConnectionLostError, HostKeyError, SSHConnection,
                           VMConnection, VMConnectionError, VMRebootDetectedError)

REPORT = {"alive", "confidence", "checks_passed", "checks_failed", "failed_checks", "response_time_ms",
          "ssh_available", "network_reachable", "os_signs_detected", "ping_responsive", "port_behavior",
          "tcp_stack_active", "detailed_status"}


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_execute_returns_the_exit_code(conn, code):
    assert conn.execute(f"exit {code}") == code


def test_execute_returns_128_plus_the_signal(conn):
    assert conn.execute("kill -KILL $$") == 137


def test_the_callback_gets_lines_without_newlines_and_stderr_marked(conn):
    lines = []
    assert conn.execute("echo one; echo two; echo; printf 'no newline'", output_callback=lines.append) == 0
    assert lines == ["one", "two", "", "no newline"]
    lines.clear()
    conn.execute("echo oops >&2", output_callback=lines.append)
    assert lines == ["STDERR: oops"]


def test_lines_come_while_the_command_runs(conn):
    at = []
    begun = time.monotonic()
    conn.execute("echo one; sleep 1; echo two", output_callback=lambda line: at.append(time.monotonic() - begun))
    assert at[0] < 0.8 < at[1]


def test_output_that_is_not_utf8_is_replaced(conn):
    lines = []
    conn.execute(r"printf 'a\377b\n'; printf 'gr\303\274n\n'", output_callback=lines.append)
    assert lines == ["a\ufffdb", "grün"]


def test_not_a_line_of_much_output_is_lost(conn):
    lines = []
    conn.execute("seq 1 200000", timeout=60, output_callback=lines.append)
    assert lines == [str(n) for n in range(1, 200001)]


def test_a_timeout_ends_the_command_on_the_vm(conn, host):
    begun = time.monotonic()
    with pytest.raises(CommandTimeoutError) as caught:
        conn.execute("exec sleep 4711.1", timeout=0.5)
    assert time.monotonic() - begun < 5
    assert (caught.value.command, caught.value.timeout) == ("exec sleep 4711.1", 0.5)
    assert caught.value.killed == "yes"
    assert host.running("sleep 4711.1") == 0
    assert conn.execute("true") == 0


def test_an_exception_in_the_callback_ends_the_command_and_propagates(conn, host):
    class Enough(Exception):
        pass

    def stop(line):
        raise Enough(line)

    with pytest.raises(Enough, match="begun"):
        conn.execute("echo begun; exec sleep 4712.1", output_callback=stop)
    assert host.running("sleep 4712.1") == 0
    assert conn.execute("true") == 0


def test_connecting_twice_is_one_connection(conn):
    conn.connect()
    assert conn.execute("true") == 0


def test_after_close_it_is_not_connected_and_may_connect_again(host):
    conn = SSHConnection(**host.where())
    conn.connect()
    conn.close()
    with pytest.raises(VMConnectionError, match="^Not connected to VM$"):
        conn.execute("true")
    conn.close()
    conn.connect()
    assert conn.execute("true") == 0
    conn.close()


def test_with_connects_and_closes(host):
    with VMConnection(**host.where()) as vm:
        assert vm.ssh.connected and vm.ssh.state == "online" and vm.execute("true") == 0
    assert not vm.ssh.connected


def test_a_wrong_key_is_an_authentication_error(own_host):
    with pytest.raises(AuthenticationError) as caught:
        SSHConnection(**own_host.where(key=own_host.wrong_key)).connect()
    assert caught.value.failure.stage == "authentication" and caught.value.failure.code == "auth-denied"


def test_a_missing_key_file_is_an_authentication_error_that_names_it(host):
    with pytest.raises(AuthenticationError, match="/nonexistent/key"):
        SSHConnection(**host.where(key="/nonexistent/key")).connect()


def test_a_changed_host_key_is_a_hard_stop(own_host):
    with SSHConnection(**own_host.where()) as conn:
        assert conn.execute("true") == 0
    own_host.do("newkey")
    with pytest.raises(HostKeyError):
        SSHConnection(**own_host.where()).connect()


def test_what_does_not_answer_is_named_within_the_timeout(host):
    begun = time.monotonic()
    with pytest.raises(VMConnectionError) as caught:
        SSHConnection(host.address, "root", host.key, port=host.closed_port, connection_timeout=3).connect()
    assert caught.value.failure.stage == "tcp" and caught.value.failure.code == "refused"
    with pytest.raises(VMConnectionError) as caught:
        SSHConnection("no-such-host.invalid", "root", host.key, connection_timeout=3).connect()
    assert caught.value.failure.stage == "resolve"
    assert time.monotonic() - begun < 7


def test_a_link_lost_under_a_command_is_said(own_host):
    with SSHConnection(**own_host.where()) as conn:
        with pytest.raises(ConnectionLostError) as caught:
            conn.execute("echo begun; exec sleep 30",
                         output_callback=lambda line: own_host.do("sshd", "kill-sessions"))
        assert caught.value.may_have_run == "yes"
        assert conn.reconnect(retries=5, delay=0.2) is True
        assert conn.execute("true") == 0


def test_reconnect_gives_up_after_its_retries(own_host):
    conn = SSHConnection(**own_host.where(), connection_timeout=1)
    conn.connect()
    own_host.do("off")
    begun = time.monotonic()
    assert conn.reconnect(retries=2, delay=0.5) is False
    assert 0.5 < time.monotonic() - begun < 6
    conn.close()


@pytest.mark.parametrize("level", ["basic", "medium", "thorough"])
def test_a_healthy_vm_is_alive_on_every_level(conn, host, level):
    assert conn.is_alive(level) is True
    with VMConnection(**host.where()) as vm:
        report = vm.is_alive(level=level)
    assert set(report) == REPORT
    assert report["alive"] is True and report["confidence"] >= 0.6 and report["network_reachable"] is True
    assert report["ssh_available"] is True or level == "basic"  # which asks the network alone
    assert report["failed_checks"] == [] and report["checks_failed"] == 0 and report["checks_passed"] > 0
    assert report["port_behavior"] == "open" and report["os_signs_detected"] is True
    assert report["response_time_ms"] is not None
    assert report["detailed_status"]["level"] == level and report["detailed_status"]["checks"]


def test_a_vm_that_is_off_is_not_alive(own_host):
    vm = VMConnection(**own_host.where(), connection_timeout=2)
    own_host.do("off")
    report = vm.is_alive("medium")
    assert report["alive"] is False and report["ssh_available"] is False and report["confidence"] < 0.6
    vm.close()


def test_a_vm_without_sshd_shows_signs_of_life(own_host):
    vm = VMConnection(**own_host.where(), connection_timeout=2)
    own_host.do("sshd", "stop")
    report = vm.is_alive("medium")
    assert report["ssh_available"] is False and report["port_behavior"] == "refused"
    assert report["os_signs_detected"] is True and report["alive"] is True
    vm.close()


def test_check_reboot_before_record_is_a_value_error(conn):
    with pytest.raises(ValueError):
        conn.check_reboot()


def test_the_same_boot_is_no_reboot(conn, host):
    assert conn.record_boot_id() == host.boot_id
    assert conn.recorded_boot.boot_id == host.boot_id and conn.recorded_boot.machine_id == host.machine_id
    assert conn.check_reboot() is False


def test_a_reboot_is_noticed_with_both_boot_ids(own_host):
    vm = VMConnection(**own_host.where())
    vm.connect()
    before = vm.record_boot_id()
    own_host.reboot()
    assert vm.reconnect(retries=20, delay=0.5) is True
    with pytest.raises(VMRebootDetectedError) as caught:
        vm.check_reboot()
    assert (caught.value.before, caught.value.after, caught.value.change) == (before, own_host.boot_id, "reboot")
    vm.close()
