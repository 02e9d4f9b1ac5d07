# SPDX-License-Identifier: Apache-2.0
"""The verbs of a connection, written once for blocking and asyncio users (see _wait)."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
import warnings
from typing import Any, Callable, Mapping, Sequence

from . import _engine
from ._engine import Call, CommandSpec, Engine, Run, Target
from ._lines import Lines
from ._wait import Mail, News
from .errors import CommandFailedError, VMConnectionError, VMRebootDetectedError, raise_failure, raise_unless_ended
from .console import ConsoleLine, ConsoleLines, checked_console
from .power import PowerReading, checked_action
from .recovery import Reboot, Recovery, RecoveryPolicy, RecoveryStep, RungOutlook
from .values import BootClue, BootRecord, BootStory, Diagnosis, Evidence, Failure, Health, Hypothesis, Outcome

LEVELS = ("basic", "medium", "thorough")

OUTPUT_LIMIT = 256 << 20

# After a cancel: TERM, KILL and the news of it take a second or two; a dead path takes longer.
CANCEL_WITHIN_S = 10.0

LineFn = Callable[[str], object]


def health_of(found: dict[str, Any]) -> Health:
    evidence = tuple(Evidence(**piece) for piece in found.pop("evidence"))
    return Health(**found, evidence=evidence)


def diagnosis_of(found: dict[str, Any]) -> Diagnosis:
    health = health_of(found.pop("health"))
    hypotheses = tuple(
        Hypothesis(each["cause"], each["probability"], tuple(each["speaks_for"]), tuple(each["speaks_against"]))
        for each in found.pop("hypotheses"))
    boot = found.pop("boot", None)
    return Diagnosis(health, hypotheses=hypotheses, would_settle=tuple(found.pop("would_settle")),
                     boot=story_of(boot) if boot else None, **found)


def story_of(found: dict[str, Any]) -> BootStory:
    evidence = tuple(BootClue(**clue) for clue in found.pop("evidence"))
    was, now = BootRecord(**found.pop("before")), BootRecord(**found.pop("now"))
    return BootStory(before=was, now=now, evidence=evidence, **found)


class Verbs:
    """One connection's state. Every coroutine here is driven by _here.do() or _hub.do()."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.connected = False
        self.recorded: BootRecord | None = None
        self.make_engine: Callable[[Target], Engine] = _engine.engine_for
        self.on_engine: Callable[[Engine], None] = lambda engine: None
        self._engine: Engine | None = None
        self._pid = os.getpid()

    def engine(self) -> Engine:
        if self._pid != os.getpid():
            raise VMConnectionError("This connection belongs to the parent process: make a new one after fork()")
        if self._engine is None:
            self._engine = self.make_engine(self.target)
            self.on_engine(self._engine)
        return self._engine

    def state(self) -> str:
        return "idle" if self._engine is None or self._pid != os.getpid() else self._engine.state()

    async def connect(self, mail: Mail) -> None:
        engine, ticket = self.engine(), mail.ticket()
        failure = await self.finish(engine.connect(mail.box, ticket), ticket)
        if failure is not None:
            raise_failure(Failure(**failure))
        self.connected = True

    async def execute(self, mail: Mail, command: str, timeout: float | None, tell: LineFn | None) -> int:
        outcome = await self.run(mail, spec(command, timeout), tell, 0)
        raise_unless_ended(command, timeout, outcome)
        code = outcome.shell_code
        assert code is not None
        return code

    async def run(self, mail: Mail, what: CommandSpec, tell: LineFn | None, limit: int, check: bool = False) -> Outcome:
        if not self.connected:
            raise VMConnectionError("Not connected to VM")
        output = Output(tell, limit)
        ticket = mail.ticket()
        run = self.engine().run(mail.box, ticket, what, tell is not None or limit > 0)
        try:
            while True:
                await News(run, ticket)
                over = run.ready()
                for stream, data in run.take_output():
                    output.feed(stream, data)
                if over:
                    break
            output.end()
        except GeneratorExit:
            run.cancel()  # nobody is left to wait
            raise
        except BaseException:
            # A callback that raised, Ctrl-C, or a cancelled task: the command ends with us.
            await _end(run, ticket)
            raise
        outcome = outcome_of(run.result(), output)
        if check:
            raise_unless_ended(what.line, what.timeout, outcome)
            if not outcome.ok:
                raise CommandFailedError(what.line, outcome)
        return outcome

    async def reconnect(self, mail: Mail, retries: int, delay: float) -> bool:
        if not delay >= 0:
            raise ValueError(f"delay must not be negative, is {delay!r}")
        if retries <= 0:
            return False
        engine, ticket = self.engine(), mail.ticket()
        self.connected = bool(await self.finish(engine.reconnect(mail.box, ticket, retries, delay), ticket))
        return self.connected

    async def health(self, mail: Mail, level: str) -> Health:
        engine, ticket = self.engine(), mail.ticket()
        found = await self.finish(engine.health(mail.box, ticket, known_level(level)), ticket)
        return health_of(found)

    async def diagnose(self, mail: Mail) -> Diagnosis:
        engine, ticket = self.engine(), mail.ticket()
        return diagnosis_of(await self.finish(engine.diagnose(mail.box, ticket), ticket))

    async def power(self, mail: Mail, action: str | None) -> PowerReading:
        if self.target.power is None:
            raise ValueError("no power switch is known for this VM (power=PowerSwitch…)")
        engine, ticket = self.engine(), mail.ticket()
        wanted = checked_action(action) if action is not None else ""
        found = await self.finish(engine.power(mail.box, ticket, wanted), ticket)
        if "failure" in found:
            raise_failure(Failure(**found["failure"]))
        return PowerReading(**found)

    async def console(self, mail: Mail, lines: int, listen: float) -> ConsoleLines:
        if self.target.console is None:
            raise ValueError("no console is known for this VM (console=ConsoleSource…)")
        if lines < 0 or not 0 <= listen < 1e9:
            raise ValueError("lines and listen must not be negative")
        engine, ticket = self.engine(), mail.ticket()
        found = await self.finish(engine.console(mail.box, ticket, lines, float(listen)), ticket)
        if "failure" in found:
            raise_failure(Failure(**found["failure"]))
        return ConsoleLines(tuple(ConsoleLine(**each) for each in found["lines"]), found["trouble"])

    async def recover(self, mail: Mail, policy: RecoveryPolicy | None) -> Recovery:
        engine, ticket = self.engine(), mail.ticket()
        found = await self.finish(engine.recover(mail.box, ticket, policy or RecoveryPolicy()), ticket)
        boot = found.pop("boot")
        return Recovery(
            steps=tuple(RecoveryStep(**each) for each in found.pop("steps")),
            outlook=tuple(RungOutlook(**each) for each in found.pop("outlook")),
            found=diagnosis_of(found.pop("found")), boot=story_of(boot) if boot else None, **found)

    async def reboot(self, mail: Mail, timeout: float) -> Reboot:
        within = positive("timeout", timeout)
        assert within is not None
        engine, ticket = self.engine(), mail.ticket()
        found = await self.finish(engine.reboot(mail.box, ticket, within), ticket)
        if "failure" in found:
            raise_failure(Failure(**found["failure"]))
        return Reboot(story_of(found["story"]), found["silent"], found["took"])

    async def boot(self, mail: Mail) -> BootRecord:
        if not self.connected:
            raise VMConnectionError("Not connected to VM")
        engine, ticket = self.engine(), mail.ticket()
        found = await self.finish(engine.boot(mail.box, ticket), ticket)
        if "failure" in found:
            raise_failure(Failure(**found["failure"]))
        return BootRecord(**found)

    async def boot_since(self, mail: Mail, before: BootRecord | None, last_heartbeat: float | None) -> BootStory:
        before = before or self.recorded
        if before is None:
            raise ValueError("No boot to compare with: give one, or call record_boot_id() first")
        if not self.connected:
            raise VMConnectionError("Not connected to VM")
        engine, ticket = self.engine(), mail.ticket()
        call = engine.boot_since(mail.box, ticket, dataclasses.asdict(before), last_heartbeat or 0.0)
        found = await self.finish(call, ticket)
        if "failure" in found:
            raise_failure(Failure(**found["failure"]))
        return story_of(found)

    async def record_boot_id(self, mail: Mail) -> str:
        self.recorded = await self.boot(mail)
        return self.recorded.boot_id

    async def check_reboot(self, mail: Mail) -> bool:
        before = self.recorded
        if before is None:
            raise ValueError("No boot ID recorded: call record_boot_id() first")
        now = await self.boot(mail)
        change = _engine.boot_change(dataclasses.asdict(before), dataclasses.asdict(now))
        if change in ("none", "pause", "unknown"):
            return False
        if change in ("other-machine", "ambiguous"):
            raise VMConnectionError(f"another machine answers ({change}): the boots cannot be compared")
        raise VMRebootDetectedError(before.boot_id, now.boot_id, change)

    async def close(self, mail: Mail) -> None:
        self.connected = False
        engine, self._engine = self._engine, None
        if engine is None or self._pid != os.getpid():
            return
        ticket = mail.ticket()
        call = engine.close(mail.box, ticket)
        while not call.ready():
            await News(call, ticket)

    async def finish(self, call: Call, ticket: int) -> Any:
        """The result; answers the library's questions meanwhile. Whatever interrupts it cancels the call."""
        engine = self.engine()
        try:
            while not call.ready():
                await News(call, ticket, within=0.05 if callable(self.target.passphrase) else None)
                self._answer(engine)
            return call.result()
        except BaseException:
            call.cancel()
            raise

    def _answer(self, engine: Engine) -> None:
        asked = engine.question()
        if asked is None or not callable(self.target.passphrase):
            return
        answer: str | None = None
        try:
            answer = self.target.passphrase(asked)
        finally:
            engine.answer(answer)


class Output:
    """Where the bytes go: to a callback as lines, and into memory up to `limit` bytes a stream."""

    def __init__(self, tell: LineFn | None, limit: int) -> None:
        self.kept = (bytearray(), bytearray())
        self._limit = limit
        self._lines = None if tell is None else (Lines(tell), Lines(tell, "STDERR: "))

    def feed(self, stream: int, data: bytes) -> None:
        if self._limit:
            room = self._limit - len(self.kept[stream])
            self.kept[stream].extend(data[:room] if len(data) > room else data)
        if self._lines is not None:
            self._lines[stream].feed(data)

    def end(self) -> None:
        for lines in self._lines or ():
            lines.end()


async def _end(run: Run, ticket: int) -> None:
    """Cancels the command on the VM and waits until that is settled, dropping what it still says."""
    run.cancel()
    deadline = time.monotonic() + CANCEL_WITHIN_S
    while not run.ready() and (left := deadline - time.monotonic()) > 0:
        await News(run, ticket, within=left)
        run.take_output()


def outcome_of(found: dict[str, Any], output: Output) -> Outcome:
    failure = found.pop("failure", None)
    return Outcome(**found, failure=None if failure is None else Failure(**failure),
                   stdout_raw=bytes(output.kept[0]), stderr_raw=bytes(output.kept[1]))


def spec(command: str | Sequence[str], timeout: float | None = None, *, env: Mapping[str, str] | None = None,
         cwd: str | os.PathLike[str] | None = None, sudo: bool = False,
         sudo_password: str | None = None, pty: bool = False,
         stdin: str | bytes | None = None, lost_after: float | None = None) -> CommandSpec:
    """What a user wrote, checked before anything is sent."""
    words: Sequence[str] = ()
    if not isinstance(command, str):
        words = [os.fspath(word) for word in command]
        if not words:
            raise ValueError("a command needs at least one word")
        if "\0" in "".join(words):
            raise ValueError("a command cannot hold a NUL")
        command = " ".join(words)
    elif not command.strip():
        raise ValueError("the command is empty")
    elif "\0" in command:
        raise ValueError("a command cannot hold a NUL")
    return CommandSpec(
        line=command, words=words, timeout=positive("timeout", timeout), env=dict(env or {}),
        cwd="" if cwd is None else os.fspath(cwd), sudo=sudo,
        sudo_password=sudo_password or "", pty=pty,
        stdin=stdin.encode() if isinstance(stdin, str) else stdin or b"",
        lost_after=300.0 if lost_after is None else positive("lost_after", lost_after) or 300.0)


def positive(name: str, seconds: float | None) -> float | None:
    """None and infinity: as long as it takes."""
    if seconds is None or seconds == float("inf"):
        return None
    if not seconds > 0:
        raise ValueError(f"{name} must be a positive number of seconds, is {seconds!r}")
    return float(seconds)


def known_level(level: object) -> str:
    if isinstance(level, str) and level in LEVELS:
        return level
    warnings.warn(f"unknown level {level!r}, taken as 'medium'", UserWarning, stacklevel=_outside())
    return "medium"


def _outside() -> int:
    """The stack level of the first frame outside this package, for a warning that names the caller's line."""
    import sys

    here, depth = os.path.dirname(__file__), 1
    with contextlib.suppress(ValueError):
        while os.path.dirname(sys._getframe(depth).f_code.co_filename) == here:
            depth += 1
    return depth


def checked_target(host: str, user: str, key_path: str | os.PathLike[str] | None, port: int,
                   connection_timeout: float, **extras: Any) -> Target:
    """What a user wrote, checked before anything is sent."""
    if not host:
        raise ValueError("host must not be empty")
    if not user:
        raise ValueError("user must not be empty")
    key = os.path.expanduser(os.fspath(key_path)) if key_path else None
    if key is None and not extras.get("agent"):
        raise ValueError("key_path must not be empty (agent=True uses the ssh-agent and the default keys)")
    if not 1 <= port <= 65535:
        raise ValueError(f"port must be between 1 and 65535, is {port}")
    if positive("connection_timeout", connection_timeout) is None:
        raise ValueError("connection_timeout must be finite")
    policy = extras.get("host_keys", "accept-new")
    if policy not in ("accept-new", "strict", "ephemeral"):
        raise ValueError(f"host_keys must be 'accept-new', 'strict' or 'ephemeral', is {policy!r}")
    for name, value in (("host", host), ("user", user), ("key_path", key or "")):
        if "\0" in value:
            raise ValueError(f"{name} cannot hold a NUL")
    extras["console"] = checked_console(extras.get("console"))
    extras["canary"] = checked_canary(extras.get("canary"))
    return Target(host, user, key, port, float(connection_timeout), **extras)


def checked_canary(canary: str | tuple[str, int] | None) -> tuple[str, int] | None:
    """(host, port); port 0 asks for a ping."""
    if not canary:
        return None
    host, port = (canary, 0) if isinstance(canary, str) else canary
    if not host or "\0" in host or not 0 <= port <= 65535:
        raise ValueError(f"canary must be a host or (host, port), is {canary!r}")
    return host, port


