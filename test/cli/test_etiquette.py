# SPDX-License-Identifier: Apache-2.0
"""A real sshd with little room bears with us, and finds nothing in its log that fail2ban would count. The hours in
virtual time, with bans and penalties, are in test/scenario/etiquette_test.cpp."""

import json
import re
import signal
import socket
import threading
import time

import pytest

pytestmark = pytest.mark.host

# fail2ban's filter.d/sshd.conf, mode aggressive: what it looks for, in short. Each of ours has an address in it.
COUNTED = re.compile(r"Connection (closed|reset) by|Did not receive identification|Failed |banner exchange"
                     r"|Disconnected from|Unable to negotiate|Bad protocol|Timeout before|drop connection|\[preauth\]")
ADDRESS = re.compile(r"(from|by) (authenticating user \S+ )?\[?10\.\d+\.\d+\.\d+")
ENDED_WELL = re.compile(r"Disconnected from user|Received disconnect from \S+ port \d+:11:")


def counted(log):
    return [line for line in log.splitlines()
            if COUNTED.search(line) and ADDRESS.search(line) and not ENDED_WELL.search(line)]


def test_an_sshd_with_room_for_three_never_turns_us_away(vmc, own_host):
    at = own_host(sshd_options=["MaxStartups 3:30:10"])
    watch = vmc.start("diagnose", "--watch", "--json", "--every", "1", *at.words)
    try:
        json.loads(watch.stdout.readline())
        for _ in range(10):
            assert vmc("exec", *at.words, "--", "true").code == 0
            assert vmc("diagnose", "--json", *at.words).json["alive"] is True
            assert vmc("check", "--level", "basic", *at.words).code == 0
            assert vmc("boot", "record", *at.words).code == 0
    finally:
        watch.send_signal(signal.SIGINT)
        assert watch.wait(10) == 130
    log = at.host.log()
    logins = log.count("Accepted publickey")
    print(f"{logins} logins, {log.count('Connection from')} connections, {len(counted(log))} that fail2ban counts")
    assert logins >= 31
    assert "MaxStartups" not in log and "drop connection" not in log
    assert not counted(log), counted(log)


def test_who_gave_up_waiting_for_a_frozen_sshd_is_nobody_it_knows_when_it_wakes_up(vmc, own_host):
    at = own_host(sshd_options=["MaxStartups 100"])  # it forks for each, even for those who are gone
    at.host.sshd("freeze")
    codes = [vmc("exec", "--connect-timeout", "1", *at.words, "--", "true").code for _ in range(3)]
    assert codes == [255] * 3
    held = vmc("exec", "--connect-timeout", "1", *at.words, "--", "true")
    assert held.code == 255 and held.seconds < 0.9 and "does not serve" in held.err, held
    for _ in range(5):
        vmc("exec", "--retry-auth", "--connect-timeout", "1", *at.words, "--", "true")
        assert vmc("check", "--level", "basic", "--json", *at.words).json["port_behavior"] == "open"
    before = at.host.log()
    at.host.sshd("thaw")
    for _ in range(2):  # one behind the other in its queue, behind ours
        assert vmc("exec", "--retry-auth", *at.words, "--", "true").code == 0
    log = at.host.log()[len(before):]
    print(f"13 left in the queue, {log.count('Connection from')} of our connections known, "
          f"{len(counted(log))} that fail2ban counts")
    assert log.count("Accepted publickey") == 2
    assert not counted(log), counted(log)


def test_a_dozen_processes_at_once_leave_no_more_than_one_after_another_would(vmc, server, no_key):
    """Its sshd says its name and no more: what fail2ban counts, five of which ban us."""
    served = []

    def speak_and_fall_silent(connection):
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        served.append(connection)
        time.sleep(60)

    at = server(speak_and_fall_silent).name
    together = [vmc.start("exec", "--connect-timeout", "3", *no_key, at, "--", "true") for _ in range(12)]
    killed = next(one for one in together if one.poll() is None)
    assert [one.wait(20) for one in together] == [255] * 12, killed
    print(f"12 processes, {len(served)} connections")
    assert 1 <= len(served) <= 4


def test_many_processes_at_once_all_get_their_turn(vmc, own_host):
    at = own_host()
    began = time.monotonic()
    together = [vmc.start("exec", *at.words, "--", "true") for _ in range(40)]
    assert [one.wait(60) for one in together] == [0] * 40
    log = at.host.log()
    print(f"40 processes in {time.monotonic() - began:.1f} s, {log.count('Connection from')} connections, "
          f"{log.count('MaxStartups')} turned away")
    assert log.count("Accepted publickey") == 40


def test_a_process_that_was_killed_while_it_logged_in_is_counted(vmc, server, no_key):
    came = threading.Semaphore(0)

    def speak_and_fall_silent(connection):
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        came.release()
        time.sleep(60)

    at = server(speak_and_fall_silent)
    for _ in range(4):
        one = vmc.start("exec", *no_key, at.name, "--", "true")
        assert came.acquire(timeout=10)
        one.kill()
        one.wait(10)
    fifth = vmc("exec", *no_key, at.name, "--", "true")
    assert fifth.code == 255 and "under way" in fifth.err, fifth
    assert at.calls == 4


def test_who_leaves_by_fin_is_counted(own_host):
    """Else the test above could not fail."""
    at = own_host()
    for _ in range(3):
        with socket.create_connection((at.address, at.port)) as knock:
            assert knock.recv(4) == b"SSH-"
    with socket.create_connection((at.address, at.port)) as last:
        last.sendall(b"no ssh\r\n")
        while last.recv(4096):
            pass
    assert len(counted(at.host.log())) >= 3
