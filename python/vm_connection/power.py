# SPDX-License-Identifier: Apache-2.0
"""Who can turn a VM off and on, and how it stands by his word.

    vm = VMConnection("web-1", "ubuntu", "~/.ssh/id_rsa", power=PowerSwitch.qmp("/run/web-1.qmp"))
    if vm.power().state == "panicked":
        vm.power("reset")
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Mapping, Sequence

ACTIONS = ("off", "on", "cycle", "reset", "nmi")


@dataclass(frozen=True)
class PowerReading:
    """What a switch said, when it was asked or after it was told to do something."""

    state: str         # "on", "off", "paused", "panicked", "dumping" or "unknown"
    detail: str = ""   # in its own words; one line
    took: float = 0.0  # s


@dataclass(frozen=True)
class PowerSwitch:
    """A power switch, described; make one with qmp(), fence() or command(). Nothing is asked before it is used.

    `secrets`: a file of KEY=VALUE lines, of our user and 0600, or "credential:NAME" (systemd's), which is read each
    time it is needed: for a fence agent more options, for programs their input. `within`: seconds for one question or
    one action, until it is seen to be done.
    """

    kind: str
    where: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    programs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    secrets: str = ""
    within: float = 60.0

    @classmethod
    def qmp(cls, socket: str | os.PathLike[str], *, within: float = 60.0) -> PowerSwitch:
        """QEMU's own monitor (-qmp unix:PATH,server=on,wait=off), which speaks to one client at a time."""
        return cls("qmp", _path("socket", socket), within=_seconds(within))

    @classmethod
    def fence(cls, agent: str | os.PathLike[str], options: Mapping[str, object] | None = None, *,
              secrets: str | os.PathLike[str] = "", within: float = 60.0) -> PowerSwitch:
        """A fence agent (fence_virsh, fence_ipmilan, …) by its path or name; `options` go to its standard input."""
        words = {_word("options", key): _word("options", str(value)) for key, value in (options or {}).items()}
        return cls("fence", _path("agent", agent), options=MappingProxyType(words), secrets=_secrets(secrets),
                   within=_seconds(within))

    @classmethod
    def command(cls, programs: Mapping[str, Sequence[str]], *, secrets: str | os.PathLike[str] = "",
                within: float = 60.0) -> PowerSwitch:
        """Programs of your own, each as its words, without a shell: {"status": [...], "off": [...], "on": [...]}.

        "status" has to end with 0 and print "on", "off", "paused", "panicked" or "dumping"; the others end with 0
        when they were carried out.
        """
        known = {"status", *ACTIONS}
        for name, words in programs.items():
            if name not in known:
                raise ValueError(f"a power switch has no program {name!r}; it has {', '.join(sorted(known))}")
            if isinstance(words, str) or not words:
                raise ValueError(f"programs[{name!r}] must be a list of words, is {words!r}")
        if "status" not in programs:
            raise ValueError("programs must have a 'status': what cannot be asked is not told to do anything")
        kept = {name: tuple(_word(name, word) for word in words) for name, words in programs.items()}
        return cls("command", programs=MappingProxyType(kept), secrets=_secrets(secrets), within=_seconds(within))


def checked_action(action: str) -> str:
    if action not in ACTIONS:
        raise ValueError(f"a power switch can do {', '.join(ACTIONS)}; not {action!r}")
    return action


def _word(name: str, value: str | os.PathLike[str]) -> str:
    text = os.fspath(value)
    if "\0" in text or "\n" in text:
        raise ValueError(f"{name} can hold neither NUL nor a line end, is {text!r}")
    return text


def _path(name: str, value: str | os.PathLike[str]) -> str:
    text = os.path.expanduser(_word(name, value))
    if not text:
        raise ValueError(f"{name} must not be empty")
    return text


def _secrets(value: str | os.PathLike[str]) -> str:
    text = _word("secrets", value)
    return text if text.startswith("credential:") else os.path.expanduser(text)


def _seconds(within: float) -> float:
    if not 0 < within < float("inf"):
        raise ValueError(f"within must be a positive number of seconds, is {within!r}")
    return float(within)
