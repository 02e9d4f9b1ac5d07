# SPDX-License-Identifier: Apache-2.0
"""What a connection stands on: the library's Vm, or a fake one from vm_connection.testing."""

from __future__ import annotations

import atexit
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Protocol, Sequence, Union

from ._wait import Box, Waitable
from .console import ConsoleSource
from .power import PowerSwitch
from .recovery import RecoveryPolicy

Passphrase = Union[str, Callable[[str], "str | None"], None]


@dataclass(frozen=True)
class Target:
    """Whom to reach, as whom, and how to know it is really them."""

    host: str
    user: str
    key_path: str | None
    port: int = 22
    connection_timeout: float = 10.0
    agent: bool = False
    passphrase: Passphrase = field(default=None, repr=False)
    host_keys: str = "accept-new"
    pin: str | None = None
    known_hosts: Sequence[str] = ()
    host_key_alias: str | None = None
    proxy_command: str | None = None
    canary: tuple[str, int] | None = None
    power: PowerSwitch | None = None
    rescue_shell: bool = False
    console: ConsoleSource | None = None
    retry_auth: bool = False


@dataclass(frozen=True)
class CommandSpec:
    line: str                     # for messages; sent verbatim when there are no words
    words: Sequence[str] = ()
    timeout: float | None = None
    lost_after: float = 300.0
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    sudo: bool = False
    sudo_password: str = field(default="", repr=False)
    pty: bool = False
    stdin: bytes = b""


@dataclass(frozen=True)
class JobOrder:
    """What to submit."""

    command: CommandSpec
    id: str
    name: str = ""
    kill_after: float = 5.0
    cleanup: str = ""
    revert: str = ""
    confirm_within: float = 0.0
    on_reboot: str = "fail"       # "fail", "rerun" or "resume"
    max_reboots: int = 3
    max_output: int = 0           # 0: no limit
    volatile: bool = False
    directory: str = ""
    within: float = 60.0


@dataclass(frozen=True)
class FollowSpec:
    stdout_from: int = 0
    stderr_from: int = 0
    lost_after: float = 300.0
    to_the_end: bool = True


class Call(Waitable, Protocol):
    """One thing under way. result() may be taken once, when ready; None stands for cancelled."""

    def ready(self) -> bool: ...
    def result(self) -> Any: ...
    def cancel(self) -> None: ...


class Run(Call, Protocol):
    """0: of stdout, 1: of stderr; of a job that is followed also 2: a line that is said of it."""

    def take_output(self) -> list[tuple[int, bytes]]: ...


class Listening(Waitable, Protocol):
    def take(self) -> list[dict[str, Any]]: ...
    def ended(self) -> bool: ...


class Engine(Protocol):
    """Nothing here blocks. Results are plain dicts whose keys are the fields of vm_connection.values."""

    def connect(self, box: Box, ticket: int) -> Call: ...
    def reconnect(self, box: Box, ticket: int, retries: int, delay: float) -> Call: ...
    def run(self, box: Box, ticket: int, spec: CommandSpec, wants_output: bool) -> Run: ...
    def health(self, box: Box, ticket: int, level: str) -> Call: ...
    def diagnose(self, box: Box, ticket: int) -> Call: ...
    def power(self, box: Box, ticket: int, action: str) -> Call: ...
    def console(self, box: Box, ticket: int, lines: int, listen: float) -> Call: ...
    def recover(self, box: Box, ticket: int, policy: RecoveryPolicy) -> Call: ...
    def reboot(self, box: Box, ticket: int, within: float) -> Call: ...
    def boot(self, box: Box, ticket: int) -> Call: ...
    def boot_since(self, box: Box, ticket: int, before: dict[str, Any], last_heartbeat: float) -> Call: ...
    def submit(self, box: Box, ticket: int, order: JobOrder) -> Call: ...
    def jobs(self, box: Box, ticket: int, directory: str) -> Call: ...
    def prune_jobs(self, box: Box, ticket: int, older: float, keep: int, directory: str) -> Call: ...
    def follow_job(self, box: Box, ticket: int, job: str, directory: str, spec: FollowSpec,
                   wants_output: bool) -> Run: ...
    def job_status(self, box: Box, ticket: int, job: str, directory: str) -> Call: ...
    def cancel_job(self, box: Box, ticket: int, job: str, directory: str, grace: float) -> Call: ...
    def remove_job(self, box: Box, ticket: int, job: str, directory: str) -> Call: ...
    def clean_up_job(self, box: Box, ticket: int, job: str, directory: str) -> Call: ...
    def close(self, box: Box, ticket: int) -> Call: ...
    def listen(self, box: Box, ticket: int) -> Listening: ...
    def question(self) -> str | None: ...
    def answer(self, passphrase: str | None) -> None: ...
    def state(self) -> str: ...


# vm_connection.testing puts itself in front of the real world here, for the length of a test.
stand_in: Callable[[Target], Engine | None] = lambda target: None


def engine_for(target: Target) -> Engine:
    from . import _core

    engine = stand_in(target)
    if engine is None:
        engine = _core.Vm(target)
    return engine


def new_box() -> Box:
    from . import _core

    return _core.Mailbox()


def boot_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    from . import _core

    return _core.boot_change(dict(before), dict(after))


@atexit.register
def _leave() -> None:
    """Closes what is still open and ends the library's thread, while there still is an interpreter."""
    import sys

    core = sys.modules.get(__package__ + "._core")
    if core is not None:
        core.leave()
