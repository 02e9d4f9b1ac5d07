# SPDX-License-Identifier: Apache-2.0
"""vmc wait: 0 when it came true, 124 when time was up, and no hammering meanwhile."""

import re
import threading
import time

import pytest

from conftest import one_line

pytestmark = pytest.mark.host


def later(seconds, act):
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


def test_up_is_noticed_within_a_second_of_the_port_answering(vmc, own_host):
    at = own_host()
    at.host.sshd("stop")
    started = []
    timer = later(2, lambda: (at.host.sshd("start"), started.append(time.monotonic())))
    ended = vmc("wait", *at.words, "--for", "up", "--timeout", "20s")
    timer.join()
    assert ended.code == 0 and " up after " in ended.out
    assert time.monotonic() - started[0] < 2
    assert "waiting until" in ended.err and "refused" in ended.err


def test_what_is_up_already_is_told_at_once(vmc, at):
    ended = vmc("wait", *at.words, "--for", "up")
    assert ended.code == 0 and ended.seconds < 3


def test_time_is_up_in_time_with_the_last_thing_seen(vmc, own_host):
    at = own_host()
    at.host.sshd("stop")
    ended = vmc("wait", "-q", *at.words, "--for", "up", "--timeout", "2")
    assert ended.code == 124 and 1.9 < ended.seconds < 3
    assert "refused" in one_line(ended)


def test_down_is_noticed(vmc, own_host):
    at = own_host()
    timer = later(1, lambda: at.host.power_off())
    ended = vmc("wait", *at.words, "--for", "down", "--timeout", "40s", within=45)
    timer.join()
    assert ended.code == 0 and " down after " in ended.out


def test_a_session_that_was_killed_alone_is_not_down(vmc, own_host):
    at = own_host()
    timer = later(1, lambda: at.host.sshd("kill-sessions"))
    ended = vmc("wait", *at.words, "--for", "down", "--timeout", "6")
    timer.join()
    assert ended.code == 124


def test_a_reboot_is_noticed_with_both_ids(vmc, own_host):
    at = own_host()
    timer = later(1, lambda: at.host.reboot(down_for=1, booting_for=1))
    ended = vmc("wait", *at.words, "--for", "reboot", "--timeout", "40s", within=45)
    timer.join()
    assert ended.code == 0, ended
    assert "rebooted" in ended.out
    assert len(set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", ended.out))) == 2


def test_a_reboot_that_began_before_we_did_is_known_from_the_record(vmc, own_host):
    at = own_host()
    assert vmc("boot", "record", *at.words).code == 0
    at.host.power_off(unreachable=True)
    timer = later(2, lambda: at.host.power_on())
    ended = vmc("wait", *at.words, "--for", "reboot", "--timeout", "40s", within=45)
    timer.join()
    assert ended.code == 0 and "rebooted" in ended.out, ended


def test_until_runs_again_and_again_and_ends_with_the_first_0(vmc, own_host):
    at = own_host()
    timer = later(3, lambda: at.host.run(["touch", "/tmp/ready"]))
    ended = vmc("wait", *at.words, "--until", "test -e /tmp/ready", "--timeout", "20")
    timer.join()
    assert ended.code == 0, ended
    assert 2.5 < ended.seconds < 8


def test_a_key_that_never_worked_is_tried_every_30_s_only(vmc, own_host):
    at = own_host()
    ended = vmc("wait", "-i", at.wrong_key, at.name, "--for", "up", "--timeout", "34", within=38)
    assert ended.code == 124
    time.sleep(0.2)
    assert at.denials() == 2, at.host.log()


def test_what_waiting_cannot_mend_ends_at_once(vmc, own_host):
    at = own_host()
    assert vmc("exec", *at.words, "--", "true").code == 0
    at.host.new_host_keys()
    changed = vmc("wait", *at.words, "--for", "up")
    assert changed.code == 255 and "host-key: " in changed.err
    missing = vmc("wait", "-i", "/no/such/key", at.name, "--for", "up")
    assert missing.code == 255 and "/no/such/key" in missing.err
