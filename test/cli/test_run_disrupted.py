# SPDX-License-Identifier: Apache-2.0
"""Commands that take away what vmc reaches the VM by. What is lost is the way, never the command or its output."""

import json
import time

import pytest

pytestmark = pytest.mark.host
FIRST, SECOND = ("".join(f"{n}\n" for n in numbers).encode() for numbers in (range(1, 20001), range(20001, 40001)))


def run(vmc, at, line, tmp_path, *options, within=120):
    """How it ended, and what the result file says of it."""
    result = tmp_path / "result"
    ended = vmc("run", *options, "--result", result, *at.words, "--", line, within=within)
    return ended, json.loads(result.read_text())


def test_a_command_that_shuts_port_22_for_a_while_ends_with_its_code(vmc, own_host, tmp_path):
    at = own_host()
    wall = (f"nft add table inet wall && nft add chain inet wall in '{{ type filter hook input priority 0; }}' && "
            f"nft add rule inet wall in tcp dport {at.port} drop")
    line = f"seq 1 20000; {wall} || exit 99; sleep 15; nft delete table inet wall; seq 20001 40000; exit 3"
    ended, told = run(vmc, at, line, tmp_path)
    assert (ended.code, told["outcome"]) == (3, "exited"), ended
    assert ended.stdout == FIRST + SECOND, (len(ended.stdout), ended.err)


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_a_command_that_kills_every_sshd_ends_with_its_code(vmc, own_host, tmp_path, signal):
    at = own_host()
    line = f"seq 1 20000; pkill -{signal} -x sshd; sleep 4; env -i /etc/lab-sshd; seq 20001 40000; exit 6"
    ended, told = run(vmc, at, line, tmp_path)
    assert (ended.code, told["outcome"], told["reconnects"] >= 1) == (6, "exited", True), ended
    assert ended.stdout == FIRST + SECOND, (len(ended.stdout), ended.err)


def test_an_orderly_reboot_interrupts_a_command_and_is_not_taken_for_a_signal(vmc, own_host, tmp_path):
    at = own_host()
    began = time.time()
    ended, told = run(vmc, at, "echo begun; sleep 2; reboot; sleep 60; echo never", tmp_path)
    assert (ended.code, ended.stdout) == (75, b"begun\n"), ended
    assert (told["outcome"], told["cause"]) == ("interrupted", "shutting-down")
    assert time.time() - began < 60


def test_what_an_orderly_reboot_interrupted_is_entered_again(vmc, own_host, tmp_path):
    line = "echo entered $VMC_REBOOT_COUNT; [ $VMC_REBOOT_COUNT = 2 ] || { sleep 2; reboot; sleep 60; }; exit 8"
    ended, told = run(vmc, own_host(), line, tmp_path, "--on-reboot", "resume")
    assert (ended.code, ended.stdout) == (8, b"entered 0\nentered 1\nentered 2\n"), ended
    assert (told["outcome"], told["job"]["reboots"]) == ("exited", 2)
