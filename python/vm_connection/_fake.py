# SPDX-License-Identifier: Apache-2.0
"""The engine behind vm_connection.testing: what _engine.Engine asks for, answered by a FakeVM. Jobs: _fake_jobs."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from . import _engine
from ._engine import CommandSpec, Target
from ._wait import Box
from ._fake_recovery import recovered
from .errors import VMConnectionError
from .recovery import RecoveryPolicy
from .values import BootRecord, Failure, Health

if TYPE_CHECKING:
    from .testing import FakeVM, Reply


def health_fields(health: Health) -> dict[str, Any]:
    found = {field.name: getattr(health, field.name) for field in dataclasses.fields(health)}
    found["evidence"] = [dataclasses.asdict(piece) for piece in health.evidence]
    return found


def failure(code: str, stage: str, message: str) -> Failure:
    return Failure(code, stage, message)


@dataclasses.dataclass
class FakeLife:
    """A boot that is over."""

    boot_id: str
    ended: str
    cause: str
    died_at: float


def _story(before: dict[str, Any], fake: FakeVM) -> dict[str, Any]:
    now = dataclasses.asdict(BootRecord(**fake.boot_reading()))
    change = _engine.boot_change(before, now)
    known = [life.boot_id for life in fake.lives]
    clue = {"tells": "change", "source": "boot-id", "text": change}
    story: dict[str, Any] = {"change": change, "before": before, "now": now, "line": change, "evidence": [clue]}
    if change != "reboot":
        return story
    lives = fake.lives[known.index(before["boot_id"]):] if before["boot_id"] in known else []
    panic = next((life.cause or "panic" for life in lives if life.ended == "crash"), "")
    kind = "crash-reboot" if panic else "reboot" if len(lives) == 1 else "reboot-at-least-once"
    if lives:
        story |= {"boots": len(lives), "ended": lives[0].ended, "died_at": lives[0].died_at,
                  "returned_at": lives[-1].died_at, "down": 0.0 if len(lives) == 1 else None}
    return story | {"change": kind, "line": kind, "cause": panic}


class FakeCall:
    """Done from the start."""

    def __init__(self, box: Box, ticket: int, value: Any) -> None:
        self._value = value
        box.post(ticket)

    def ready(self) -> bool:
        return True

    def news(self) -> bool:
        return True

    def result(self) -> Any:
        if isinstance(self._value, VMConnectionError):
            raise self._value
        return self._value

    def cancel(self) -> None:
        pass


class FakeRun:
    """A command. Has ended from the start, unless its reply hangs."""

    def __init__(self, engine: FakeLink, box: Box, ticket: int) -> None:
        self._engine = engine
        self._box, self._ticket = box, ticket
        self._output: list[tuple[int, bytes]] = []
        self._counts = [0, 0]
        self._ended: dict[str, Any] | None = None

    def say(self, stream: int, data: str | bytes, wanted: bool) -> None:
        raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        self._counts[stream] += len(raw)
        if raw and wanted:
            self._output.append((stream, raw))

    def end(self, slug: str, **known: Any) -> None:
        with self._engine.fake.lock:
            if self._ended is not None:
                return
            self._engine.running.discard(self)
            self._ended = {"outcome": slug, "line": slug, "boot_id": self._engine.fake.boot_id,
                           "stdout_bytes": self._counts[0], "stderr_bytes": self._counts[1], **known}
        self._box.post(self._ticket)

    def lose(self, why: Failure, may_have_run: str = "yes") -> None:
        self.end("lost", may_have_run=may_have_run, failure=dataclasses.asdict(why),
                 line=f"lost; may have run: {may_have_run}; {why.line}")

    def ready(self) -> bool:
        return self._ended is not None

    def news(self) -> bool:
        return self._ended is not None or bool(self._output)

    def take_output(self) -> list[tuple[int, bytes]]:
        taken, self._output = self._output, []
        return taken

    def result(self) -> Any:
        assert self._ended is not None
        return dict(self._ended)

    def cancel(self) -> None:
        self.end("signalled", signal="TERM")


class FakeListening:
    def __init__(self, box: Box, ticket: int) -> None:
        self._box, self._ticket = box, ticket
        self._heard: list[dict[str, Any]] = []
        self._ended = False

    def hear(self, kind: str, text: str) -> None:
        self._heard.append({"kind": kind, "at": time.time(), "text": text})
        self._box.post(self._ticket)

    def end(self) -> None:
        self._ended = True
        self._box.post(self._ticket)

    def news(self) -> bool:
        return self._ended or bool(self._heard)

    def take(self) -> list[dict[str, Any]]:
        taken, self._heard = self._heard, []
        return taken

    def ended(self) -> bool:
        return self._ended


class FakeLink:
    """A link, and the commands on it."""

    def __init__(self, fake: FakeVM, target: Target) -> None:
        self.fake = fake
        self.running: set[FakeRun] = set()
        self._target = target
        self._state = "idle"
        self._closed = False
        self._listening: FakeListening | None = None

    def connect(self, box: Box, ticket: int) -> FakeCall:
        trouble = self._come_up()
        return FakeCall(box, ticket, None if trouble is None else dataclasses.asdict(trouble))

    def reconnect(self, box: Box, ticket: int, retries: int, delay: float) -> FakeCall:
        self._state = "waiting"
        return FakeCall(box, ticket, retries > 0 and self._come_up() is None)

    def run(self, box: Box, ticket: int, spec: CommandSpec, wants_output: bool) -> FakeRun:
        from .testing import FakeCommand

        run = FakeRun(self, box, ticket)
        trouble = self._come_up()
        if trouble is not None:
            run.end("refused", may_have_run="no", failure=dataclasses.asdict(trouble), line=f"refused; {trouble.line}")
            return run
        reply = self.fake.reply_to(FakeCommand(spec.line, self._target.user, spec.stdin, dict(spec.env), spec.cwd,
                                               spec.sudo, spec.timeout))
        run.say(0, reply.stdout, wants_output)
        run.say(1, reply.stderr, wants_output)
        self._play(run, reply, spec.timeout)
        return run

    def health(self, box: Box, ticket: int, level: str) -> FakeCall:
        health = self.fake.health_at(level)
        return FakeCall(box, ticket, health_fields(health))

    def diagnose(self, box: Box, ticket: int) -> FakeCall:
        return FakeCall(box, ticket, self._looked())

    def _looked(self) -> dict[str, Any]:
        diagnosis = self.fake.diagnosis()
        found = {field.name: getattr(diagnosis, field.name) for field in dataclasses.fields(diagnosis)}
        found["health"] = health_fields(diagnosis.health)
        found["hypotheses"] = [dataclasses.asdict(each) for each in diagnosis.hypotheses]
        return found

    def power(self, box: Box, ticket: int, action: str) -> FakeCall:
        if action:
            self.fake.switched(action)
        return FakeCall(box, ticket, {"state": self.fake.power_state, "detail": "fake"})

    def console(self, box: Box, ticket: int, lines: int, listen: float) -> FakeCall:
        said = [{"at": at, "text": text} for at, text in self.fake.console_lines[-lines:]] if lines else []
        return FakeCall(box, ticket, {"lines": said, "trouble": ""})

    def recover(self, box: Box, ticket: int, policy: RecoveryPolicy) -> FakeCall:
        told = recovered(self.fake, policy, self._target.power is not None)
        return FakeCall(box, ticket, told | {"found": self._looked()})

    def reboot(self, box: Box, ticket: int, within: float) -> FakeCall:
        trouble = self._come_up()
        if trouble is not None:
            return FakeCall(box, ticket, {"failure": dataclasses.asdict(trouble)})
        before = dataclasses.asdict(BootRecord(**self.fake.boot_reading()))
        self.fake.reboot()
        _ = self._come_up()
        return FakeCall(box, ticket, {"story": _story(before, self.fake), "silent": 0.0, "took": 0.0})

    def boot(self, box: Box, ticket: int) -> FakeCall:
        trouble = self._come_up()
        if trouble is not None:
            return FakeCall(box, ticket, {"failure": dataclasses.asdict(trouble)})
        return FakeCall(box, ticket, self.fake.boot_reading())

    def boot_since(self, box: Box, ticket: int, before: dict[str, Any], last_heartbeat: float) -> FakeCall:
        trouble = self._come_up()
        if trouble is not None:
            return FakeCall(box, ticket, {"failure": dataclasses.asdict(trouble)})
        return FakeCall(box, ticket, _story(before, self.fake))

    def close(self, box: Box, ticket: int) -> FakeCall:
        self._closed = True
        self.lose(failure("lost", "command", "the link was closed"))
        self._state = "stopped"
        with self.fake.lock:
            self.fake.engines[:] = [engine for engine in self.fake.engines if engine is not self]
        if self._listening is not None:
            self._listening.end()
        return FakeCall(box, ticket, None)

    def listen(self, box: Box, ticket: int) -> FakeListening:
        self._listening = FakeListening(box, ticket)
        return self._listening

    def question(self) -> str | None:
        return None

    def answer(self, passphrase: str | None) -> None:
        pass

    def state(self) -> str:
        return self._state

    # From the FakeVM

    def tell(self, kind: str, text: str) -> None:
        if self._listening is not None:
            self._listening.hear(kind, text)

    def lose(self, why: Failure) -> None:
        for run in list(self.running):
            run.lose(why)
        if self._state == "online":
            self._state = "waiting"
            self.tell("ended", why.line)

    def _come_up(self) -> Failure | None:
        with self.fake.lock:
            if self.fake.trouble is None and self._state != "online":
                self.tell("connecting", "")
                self._state = "online"
                self.fake.logins += 1
                self.tell("online", "")
            return self.fake.trouble

    def _play(self, run: FakeRun, reply: Reply, timeout: float | None) -> None:
        if timeout is not None and (reply.hang or reply.delay > timeout):
            run.end("timed_out", killed="yes", took=timeout)
        elif reply.lost:
            may_have_run = "yes" if reply.lost is True else reply.lost
            run.lose(failure("lost", "command", "connection reset by peer"), may_have_run)
        elif reply.hang:
            with self.fake.lock:
                self.running.add(run)
        elif reply.signal is not None:
            run.end("signalled", signal=reply.signal, took=reply.delay)
        else:
            run.end("exited", exit_code=reply.exit_code, took=reply.delay, line=f"exited {reply.exit_code}")
