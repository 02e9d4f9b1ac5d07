# SPDX-License-Identifier: Apache-2.0
"""vmc console: real sources that print, go away and come back."""

import json
import os
import re
import signal
import socket
import threading
import time

import pytest

HOST = "web-1"
STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ")


@pytest.fixture
def named(vmc):
    """Names HOST's console in the configuration."""
    return lambda text: vmc.settings(f'[host."{HOST}".console]\n{text}\n')


def texts(out):
    """Without their times, and without vmc's own notes."""
    lines = [STAMP.sub("", line) for line in out.splitlines()]
    assert all(STAMP.match(line) for line in out.splitlines()), out
    return [line for line in lines if not line.startswith("-- ")]


class Follower:
    """`vmc console -f --json`, read as it speaks."""

    def __init__(self, vmc):
        self.heard, self._changed = [], threading.Condition()
        self.process = vmc.start("console", "-f", "--json", HOST)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self._changed:
                self.heard.append(json.loads(line))
                self._changed.notify_all()

    def wait_for(self, text, within=30):
        with self._changed:
            found = self._changed.wait_for(lambda: any(text in one["text"] for one in self.heard), within)
        assert found, (text, self.heard)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)


class Serial:
    """QEMU's end of a serial port: one client at a time."""

    def __init__(self, path):
        self.path = str(path)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(1)
        self._listener.settimeout(30)
        self.client, _ = None, None

    def accept(self):
        self.client, _ = self._listener.accept()
        return self

    def say(self, data):
        self.client.sendall(data)

    def end(self):
        self._listener.close()
        if self.client:
            self.client.close()
        os.unlink(self.path)


def test_a_file_is_shown_with_times_and_its_end_first(vmc, named, tmp_path):
    log = tmp_path / "serial.log"
    log.write_text("".join(f"line {n}\n" for n in range(250)) + "login: ")
    named(f'type = "file"\npath = "{log}"')
    ended = vmc("console", HOST)
    assert ended.code == 0 and texts(ended.out)[-2:] == ["line 249", "login: "], ended
    assert len(texts(ended.out)) == 100
    assert texts(vmc("console", "--lines", "2", HOST).out) == ["line 249", "login: "]


def test_a_file_that_grows_is_truncated_and_replaced_is_followed(vmc, named, tmp_path):
    log = tmp_path / "serial.log"
    log.write_text("first\n")
    named(f'type = "file"\npath = "{log}"')
    follower = Follower(vmc)
    follower.wait_for("first")
    with log.open("a") as more:
        more.write("second\n")
    follower.wait_for("second")
    log.write_text("after truncation\n")
    follower.wait_for("after truncation")
    other = tmp_path / "new"
    other.write_text("another file\n")
    other.rename(log)
    follower.wait_for("another file")
    assert follower.end() == 130


def test_a_socket_that_goes_away_is_opened_again_when_it_is_back(vmc, named, tmp_path):
    serial = Serial(tmp_path / "serial")
    named(f'type = "socket"\npath = "{serial.path}"')
    follower = Follower(vmc)
    serial.accept().say(b"[    0.000000] Linux version 6.1\r\n")
    follower.wait_for("Linux version")
    serial.end()
    serial = Serial(tmp_path / "serial")
    serial.accept().say(b"again\n")
    follower.wait_for("again")
    assert follower.end() == 130
    serial.end()
    assert "again" in texts(vmc("console", HOST).out)


def test_what_would_steer_a_terminal_is_shown_and_not_obeyed(vmc, named, tmp_path):
    log = tmp_path / "serial.log"
    log.write_bytes(b"\x1b]0;owned\x07\x1b[2J\xff\xfe text\n")
    named(f'type = "file"\npath = "{log}"')
    ended = vmc("console", HOST)
    assert b"\x1b" not in ended.stdout and b"\x07" not in ended.stdout and "text" in ended.out, ended


def test_a_command_is_ended_with_us_and_all_it_started(vmc, named, tmp_path):
    mark = tmp_path / "pid"
    named(f'type = "command"\ncommand = ["sh", "-c", "echo $$ >{mark}; echo begun; sleep 4732 & wait"]')
    follower = Follower(vmc)
    follower.wait_for("begun")
    group = int(mark.read_text())
    assert follower.end() == 130
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("it still runs")


def test_of_two_at_once_one_captures_and_both_show_the_same(vmc, named, tmp_path):
    serial = Serial(tmp_path / "serial")
    named(f'type = "socket"\npath = "{serial.path}"')
    first = Follower(vmc)
    serial.accept().say(b"one\n")
    first.wait_for("one")
    second = Follower(vmc)
    serial.say(b"two\n")
    second.wait_for("two")
    first.wait_for("two")
    assert first.end() == 130
    serial.accept().say(b"three\n")  # the other one takes over
    second.wait_for("three")
    assert second.end() == 130
    serial.end()


def test_no_console_is_one_line(vmc):
    ended = vmc("console", HOST)
    assert ended.code == 64 and "it has no console" in ended.err and len(ended.err.splitlines()) == 1, ended


@pytest.mark.parametrize("text, why", [
    ('type = "socket"', "console.path is missing"), ('type = "tty"\npath = "/x"', "console.type must be"),
    ('type = "file"\npath = 7', "console.path must be"),
    ('type = "command"\ncommand = "ls"', "console.command must be"),
    ('type = "file"\npath = "/x"\nsooner = 1', "console.sooner"),
    ('type = "command"\ncommand = []', "console.command"),
])
def test_a_console_that_makes_no_sense_is_one_line_with_its_place(vmc, named, text, why):
    named(text)
    ended = vmc("console", HOST)
    assert ended.code == 125 and re.search(r"config\.toml:\d+: " + re.escape(why), ended.err), ended
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("kind", ["socket", "file"])
def test_what_is_not_there_or_no_such_thing_is_one_line(vmc, named, tmp_path, kind):
    for path in (tmp_path / "missing", tmp_path):
        named(f'type = "{kind}"\npath = "{path}"')
        ended = vmc("console", HOST)
        assert ended.code == 125 and str(path) in ended.err and len(ended.err.splitlines()) == 1, ended
