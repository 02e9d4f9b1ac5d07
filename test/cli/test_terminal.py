# SPDX-License-Identifier: Apache-2.0
"""vmc on a terminal: what it escapes, what -t changes, and that it leaves the terminal as it was."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from conftest import VMC

pytestmark = pytest.mark.host


class Screen:
    """vmc on a pseudo-terminal of 80 columns."""

    def __init__(self, vmc, *words):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.theirs = theirs
        self.before = termios.tcgetattr(theirs)
        self.seen = b""
        self.process = subprocess.Popen([VMC, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=vmc.environment,
                                        preexec_fn=self._take_terminal)

    def _take_terminal(self):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def type(self, text):
        os.write(self.ours, text)

    def until(self, text, within=10):
        deadline = time.monotonic() + within
        while text not in self.seen and time.monotonic() < deadline:
            if select.select([self.ours], [], [], 0.1)[0]:
                self.seen += os.read(self.ours, 4096)
        assert text in self.seen, self.seen
        return self.seen

    def end(self, within=10):
        """The exit code; what was printed is in `seen`."""
        deadline = time.monotonic() + within
        while self.process.poll() is None and time.monotonic() < deadline:
            if select.select([self.ours], [], [], 0.05)[0]:
                self.seen += os.read(self.ours, 4096)
        while select.select([self.ours], [], [], 0.05)[0]:
            self.seen += os.read(self.ours, 4096)
        return self.process.wait(timeout=1)

    def is_as_before(self):
        return termios.tcgetattr(self.theirs) == self.before


EVIL = "printf 'a\\033]0;owned\\007b\\n'"


def test_control_sequences_are_shown_not_obeyed(vmc, at):
    screen = Screen(vmc, "exec", "-n", *at.words, "--", EVIL)
    assert screen.end() == 0
    assert b"\x1b" not in screen.seen and b"\\x1b]0;owned" in screen.seen


@pytest.mark.parametrize("option", ["--raw", "-t"])
def test_they_are_passed_on_when_asked_for(vmc, at, option):
    screen = Screen(vmc, "exec", option, *at.words, "--", EVIL)
    assert screen.end() == 0
    assert b"\x1b]0;owned\x07" in screen.seen


def test_the_terminal_of_the_command_has_our_size_and_type_and_follows_it(vmc, at):
    screen = Screen(vmc, "exec", "-t", *at.words, "--", "stty size; echo $TERM; read x; stty size")
    screen.until(b"24 80")
    screen.until(b"xterm")
    fcntl.ioctl(screen.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    screen.process.send_signal(signal.SIGWINCH)
    time.sleep(0.3)
    screen.type(b"\r")
    assert screen.end() == 0
    assert b"40 120" in screen.seen


def test_ctrl_c_goes_to_the_command_with_t(vmc, at):
    line = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.1; done"
    screen = Screen(vmc, "exec", "-t", *at.words, "--", line)
    screen.until(b"ready")
    screen.type(b"\x03")
    assert screen.end() == 5
    assert b"caught" in screen.seen
    assert screen.is_as_before()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_restored_when_a_signal_ends_us(vmc, at, number):
    screen = Screen(vmc, "exec", "-t", *at.words, "--", "echo ready; sleep 60")
    screen.until(b"ready")
    assert not screen.is_as_before()
    screen.process.send_signal(number)
    assert screen.end() == 128 + number
    assert screen.is_as_before()


def test_under_nohup_a_hangup_does_not_end_us(vmc, at):
    line = "echo ready; read x; echo went on"
    started = vmc.start("exec", *at.words, "--", line, stdin=subprocess.PIPE,
                        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    assert started.stdout.readline() == b"ready\n"
    started.send_signal(signal.SIGHUP)
    out, err = started.communicate(b"\n", timeout=20)
    assert (started.returncode, out) == (0, b"went on\n"), err


def test_a_passphrase_is_asked_for_on_the_terminal_and_not_shown(vmc, at):
    screen = Screen(vmc, "exec", "-i", at.keys["encrypted"], at.name, "--", "echo in")
    screen.until(b"Passphrase for ")
    screen.type(at.passphrase.encode() + b"\n")
    assert screen.end() == 0
    assert screen.seen.split(b": ", 1)[1] == b"\r\nin\r\n"
    assert screen.is_as_before()


def test_ctrl_c_at_the_passphrase_leaves_the_terminal_as_it_was(vmc, at):
    screen = Screen(vmc, "exec", "-i", at.keys["encrypted"], at.name, "--", "echo in")
    screen.until(b"Passphrase for ")
    screen.type(b"\x03")
    assert screen.end() == 130
    assert screen.is_as_before()
