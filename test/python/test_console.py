# SPDX-License-Identifier: Apache-2.0
"""A VM's console from Python: a file, a program, and the fake. Sockets and bad ends are in test/cli/test_console."""

import asyncio
import itertools
import time

import pytest

from vm_connection import ConsoleLine, ConsoleSource, SSHConnection, VMConnection, VMConnectionError, aio

hosts = (f"console-{number}" for number in itertools.count())  # each a log of its own


def test_what_a_file_and_a_program_said_is_told_with_its_time(tmp_path):
    log = tmp_path / "console.log"
    log.write_text("")
    vm = VMConnection(next(hosts), "u", "k", console=ConsoleSource.file(log))
    assert vm.console().lines == ()
    began = time.time()
    log.write_text("[    0.1] Linux version 6.1\nweb-1 login: \x1b[0m\n")
    assert vm.console().lines == ()  # nobody has listened
    told = vm.console(10, listen=5)
    assert time.time() - began < 4, "a file is read to its end, and no longer"
    words = [line for line in told.lines if not line.note]
    assert [line.text for line in words] == ["[    0.1] Linux version 6.1", "web-1 login: \\x1b[0m"], told
    assert all(began <= line.at <= time.time() + 1 for line in words) and told.trouble == ""
    assert [line.text for line in vm.ssh.console(1).lines] == [told.lines[-1].text]

    async def other():
        by = ConsoleSource.command(["sh", "-c", "echo from a program; sleep 30"])
        return await aio.VMConnection(next(hosts), "u", "k", console=by).console(5, listen=1.5)

    assert "from a program" in [line.text for line in asyncio.run(other()).lines]


def test_bad_input_is_refused_before_anything_is_opened(tmp_path):
    with pytest.raises(ValueError, match="no console"):
        SSHConnection("vm1", "u", "k").console()
    for wrong in ("ls", [], [1], None):
        with pytest.raises(ValueError):
            ConsoleSource.command(wrong)
    with pytest.raises(ValueError):
        ConsoleSource.file("")
    with pytest.raises(ValueError):
        SSHConnection("vm1", "u", "k", console="/run/x")
    one = SSHConnection(next(hosts), "u", "k", console=ConsoleSource.socket(tmp_path / "no.sock"))
    for lines, listen in ((-1, 0), (1, -1), (1, float("inf"))):
        with pytest.raises(ValueError):
            one.console(lines, listen=listen)
    with pytest.raises(VMConnectionError):
        one.console(5, listen=0.2)


def test_a_fake_vm_has_one_too(fake_vm):
    fake_vm.console_lines = [(1.0, "a"), (2.0, "b")]
    vm = fake_vm.vm(console=ConsoleSource.file("/x"))
    assert vm.console(1).lines == (ConsoleLine(2.0, "b"),) and len(vm.console().lines) == 2
