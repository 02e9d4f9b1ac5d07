# SPDX-License-Identifier: Apache-2.0
"""The verbs of jobs, written once for blocking and asyncio users (see _wait)."""

from __future__ import annotations

import os
import time
import uuid
from typing import Any, Mapping, Sequence

from ._engine import Call, FollowSpec, JobOrder, Run
from ._verbs import LineFn, Output, Verbs, positive, spec
from ._wait import Mail, News
from .errors import (ConnectionLostError, JobFailedError, JobInterrupted, JobNotEndedError, VMConnectionError,
                     raise_failure)
from .values import Failure, JobOutput, JobStatus

ON_REBOOT = ("fail", "rerun", "resume")
WORD = 2  # beside stdout and stderr: a line that is said of the job

# The way to the VM, not the VM's opinion.
_ON_THE_WAY = {"lost", "timed-out", "unreachable", "refused", "throttled", "booting", "channel-refused", "protocol"}


class JobVerbs:
    """One job, as it was named. Once the VM has said which job answers to a name, it stays with that one."""

    def __init__(self, verbs: Verbs, id_or_name: str, name: str = "", directory: str = "") -> None:
        self.id = id_or_name
        self.name = name
        self.directory = directory
        self._verbs = verbs

    async def status(self, mail: Mail) -> JobStatus:
        ticket = mail.ticket()
        engine = connected(self._verbs)
        return self._learn(await answer(self._verbs, engine.job_status(mail.box, ticket, self.id, self.directory),
                                        ticket))

    async def cancel(self, mail: Mail, kill_after: float) -> JobStatus:
        grace = span("kill_after", kill_after)
        ticket = mail.ticket()
        engine = connected(self._verbs)
        return self._learn(await answer(
            self._verbs, engine.cancel_job(mail.box, ticket, self.id, self.directory, grace), ticket))

    async def remove(self, mail: Mail) -> None:
        ticket = mail.ticket()
        engine = connected(self._verbs)
        await answer(self._verbs, engine.remove_job(mail.box, ticket, self.id, self.directory), ticket)

    async def clean_up(self, mail: Mail) -> None:
        ticket = mail.ticket()
        engine = connected(self._verbs)
        await answer(self._verbs, engine.clean_up_job(mail.box, ticket, self.id, self.directory), ticket)

    async def wait(self, mail: Mail, what: FollowSpec, tell: LineFn | None, say: LineFn | None,
                   timeout: float | None, check: bool) -> JobStatus:
        output = Output(tell, 0)
        deadline = None if timeout is None else time.monotonic() + timeout
        ticket = mail.ticket()
        follow = connected(self._verbs).follow_job(mail.box, ticket, self.id, self.directory, what, tell is not None)
        try:
            while True:
                left = None if deadline is None else max(0.0, deadline - time.monotonic())
                await News(follow, ticket, within=left)
                over = follow.ready()
                _hand_out(follow, output, say)
                if over:
                    break
                if left == 0.0:
                    assert timeout is not None
                    raise JobNotEndedError(self.id, timeout)
            output.end()
        except BaseException:
            # A callback that raised, Ctrl-C, a cancelled task, the end of our time: the job goes on.
            follow.cancel()
            raise
        return self._judge(follow.result(), check)

    async def output(self, mail: Mail, stdout_from: int, stderr_from: int, limit: int) -> JobOutput:
        status = await self.status(mail)
        # As much as there is now: a job that prints faster than we read would never be done.
        wanted = (min(limit, status.stdout_bytes - stdout_from), min(limit, status.stderr_bytes - stderr_from))
        output = Output(None, limit)
        if max(wanted) > 0:
            await self._read(mail, output, FollowSpec(stdout_from, stderr_from, to_the_end=False), wanted)
        return JobOutput(status, bytes(output.kept[0][:max(0, wanted[0])]), bytes(output.kept[1][:max(0, wanted[1])]),
                         stdout_from, stderr_from)

    async def _read(self, mail: Mail, output: Output, what: FollowSpec, wanted: tuple[int, int]) -> None:
        ticket = mail.ticket()
        follow = connected(self._verbs).follow_job(mail.box, ticket, self.id, self.directory, what, True)
        try:
            while True:
                await News(follow, ticket)
                over = follow.ready()
                _hand_out(follow, output, None)
                if over or all(len(kept) >= size for kept, size in zip(output.kept, wanted)):
                    break
        finally:
            follow.cancel()
        if over:
            self._judge(follow.result(), False, ended=False)

    def _judge(self, found: dict[str, Any], check: bool, ended: bool = True) -> JobStatus:
        status = self._learn(found["status"])
        if "failure" in found:
            failure = Failure(**found["failure"])
            if failure.code in _ON_THE_WAY:
                may_have_run = "yes" if status.started_at is not None else "unknown"
                raise ConnectionLostError(f"Job {status.id} was lost from sight, and may go on: {failure.line}",
                                          may_have_run, failure)
            raise_failure(failure)
        if ended and status.state == "interrupted":
            raise JobInterrupted(status)
        if check and not status.ok:
            raise JobFailedError(status)
        return status

    def _learn(self, found: dict[str, Any]) -> JobStatus:
        status = JobStatus(**found)
        if status.state != "unknown":
            self.id, self.name = status.id, status.name
        return status


async def submit(verbs: Verbs, mail: Mail, what: JobOrder) -> JobVerbs:
    ticket = mail.ticket()
    found = await verbs.finish(connected(verbs).submit(mail.box, ticket, what), ticket)
    if "failure" in found:
        failure = Failure(**found["failure"])
        if failure.code == "lost":
            raise ConnectionLostError(failure.line, "unknown", failure)
        raise_failure(failure)
    return JobVerbs(verbs, found["id"], what.name, what.directory)


async def jobs(verbs: Verbs, mail: Mail, directory: str) -> list[JobStatus]:
    ticket = mail.ticket()
    found = await answer(verbs, connected(verbs).jobs(mail.box, ticket, directory), ticket)
    return [JobStatus(**status) for status in found["jobs"]]


async def prune(verbs: Verbs, mail: Mail, older: float, keep: int, directory: str) -> list[str]:
    if keep < 0:
        raise ValueError(f"keep must not be negative, is {keep!r}")
    age = span("older", older)
    ticket = mail.ticket()
    found = await answer(verbs, connected(verbs).prune_jobs(mail.box, ticket, age, keep, directory), ticket)
    ids: list[str] = found["ids"]
    return ids


def connected(verbs: Verbs) -> Any:
    if not verbs.connected:
        raise VMConnectionError("Not connected to VM")
    return verbs.engine()


async def answer(verbs: Verbs, call: Call, ticket: int) -> dict[str, Any]:
    found: dict[str, Any] = await verbs.finish(call, ticket)
    if "failure" in found:
        raise_failure(Failure(**found["failure"]))
    return found


def _hand_out(follow: Run, output: Output, say: LineFn | None) -> None:
    for kind, data in follow.take_output():
        if kind != WORD:
            output.feed(kind, data)
        elif say is not None:
            say(data.decode("utf-8", "replace"))


def span(name: str, seconds: float) -> float:
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{name} must be a number of seconds, is {seconds!r}")
    return float(seconds)


def follow_spec(stdout_from: int, stderr_from: int, lost_after: float | None) -> FollowSpec:
    if stdout_from < 0 or stderr_from < 0:
        raise ValueError("an offset must not be negative")
    return FollowSpec(stdout_from, stderr_from,
                      300.0 if lost_after is None else positive("lost_after", lost_after) or float("inf"))


def order(command: str | Sequence[str], *, name: str, id: str | None, timeout: float | None, kill_after: float,
          cleanup: str | None, on_reboot: str, max_reboots: int, max_output: int | None, env: Mapping[str, str] | None,
          stdin: str | bytes | None, cwd: str | os.PathLike[str] | None, sudo: bool, volatile: bool,
          directory: str | os.PathLike[str], revert: str | None, confirm_within: float | None,
          within: float) -> JobOrder:
    """What a user wrote, checked before anything is sent."""
    if on_reboot not in ON_REBOOT:
        raise ValueError(f"on_reboot must be 'fail', 'rerun' or 'resume', is {on_reboot!r}")
    if max_reboots < 0 or max_output is not None and max_output < 0:
        raise ValueError("max_reboots and max_output must not be negative")
    if (revert is None) != (confirm_within is None):
        raise ValueError("revert and confirm_within go together")
    return JobOrder(
        spec(command, timeout, env=env, cwd=cwd, sudo=sudo, stdin=stdin), id or str(uuid.uuid4()), name,
        span("kill_after", kill_after), cleanup or "", revert or "",
        span("confirm_within", confirm_within or 0.0),
        on_reboot, max_reboots, max_output or 0, volatile, os.fspath(directory), positive("within", within) or 1e9)


class JobFace:
    """What blocking.Job and aio.Job know."""

    def __init__(self, job: JobVerbs) -> None:
        self._job = job

    @property
    def id(self) -> str:
        """The same for good, from anywhere. Of a job that was asked for by name: that name, until the VM has said
        which job it is."""
        return self._job.id

    @property
    def name(self) -> str:
        """As it was submitted; empty where there is none, or the VM has not told it yet."""
        return self._job.name

    @property
    def directory(self) -> str:
        """The root that it lives under; empty for the user's own."""
        return self._job.directory

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}{' ' + repr(self.name) if self.name else ''}>"
