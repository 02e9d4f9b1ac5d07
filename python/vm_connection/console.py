# SPDX-License-Identifier: Apache-2.0
"""What a VM's console said.

    vm = VMConnection("web-1", "root", "~/.ssh/id_rsa", console=ConsoleSource.socket("/run/web-1.serial"))
    for line in vm.console(20, listen=2).lines:
        print(line.at, line.text)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Sequence


@dataclass(frozen=True)
class ConsoleSource:
    """A console, described; make one with socket(), file() or command(). Nothing is opened before it is listened to.

    recover() listens by itself: a kernel's last words are proof, and a dump that is being written is waited for.
    """

    kind: str
    path: str = ""
    argv: Sequence[str] = ()

    @classmethod
    def socket(cls, path: str | os.PathLike[str]) -> ConsoleSource:
        """QEMU's serial port (-serial unix:PATH,server=on,wait=off). It serves one client at a time, and what is
        printed while nobody listens is lost."""
        return cls("socket", _path(path))

    @classmethod
    def file(cls, path: str | os.PathLike[str]) -> ConsoleSource:
        """A file that grows. It may be truncated or replaced."""
        return cls("file", _path(path))

    @classmethod
    def command(cls, argv: Sequence[str]) -> ConsoleSource:
        """A program of your own as its words, without a shell, that prints the console for as long as it runs."""
        if isinstance(argv, str) or not argv or not all(isinstance(word, str) for word in argv):
            raise ValueError(f"argv must be a list of words, is {argv!r}")
        return cls("command", argv=tuple(argv))


@dataclass(frozen=True)
class ConsoleLine:
    """One line as it was captured."""

    at: float           # when its first byte reached us, by our clock, seconds since 1970
    text: str           # without its end, fit for a terminal: control characters stand as "\\x1b"
    note: bool = False  # not the console's words but ours: "the console was closed"


@dataclass(frozen=True)
class ConsoleLines:
    """Some lines, oldest first."""

    lines: tuple[ConsoleLine, ...]
    trouble: str = ""   # why the console could not be listened to just now; else empty


def _path(given: str | os.PathLike[str]) -> str:
    path = os.fspath(given)
    if not isinstance(path, str) or not path or "\0" in path:
        raise ValueError(f"a console's path must be a text without NUL, is {given!r}")
    return os.path.expanduser(path)


def checked_console(console: object) -> ConsoleSource | None:
    if console is None or isinstance(console, ConsoleSource):
        return console
    raise ValueError(f"console must be a ConsoleSource, is {console!r}")
