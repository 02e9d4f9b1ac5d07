# SPDX-License-Identifier: Apache-2.0
"""Jobs on a FakeVM, and what an engine asks of them."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from ._engine import FollowSpec, JobOrder, Target
from ._fake import FakeCall, FakeLink, failure
from ._wait import Box
from .values import Failure, JobStatus

if TYPE_CHECKING:
    from .testing import FakeCommand, FakeVM, Reply

WORD = 2


class FakeJob:
    """A job on a FakeVM. A command that hangs goes on until end(), or until it is cancelled or rebooted under."""

    def __init__(self, fake: FakeVM, order: JobOrder, command: FakeCommand) -> None:
        self.command = command
        self.order = order
        self._fake = fake
        self._output: list[tuple[int, bytes]] = []
        self._followers: list[FakeFollow] = []
        self._status = JobStatus(order.id, order.name, command.command, "running", boot_id=fake.boot_id,
                                 started_at=time.time(), revert="armed" if order.revert else None)

    @property
    def id(self) -> str:
        return self.order.id

    @property
    def name(self) -> str:
        return self.order.name

    @property
    def status(self) -> JobStatus:
        with self._fake.lock:
            sizes = [sum(len(data) for stream, data in self._output if stream == wanted) for wanted in (0, 1)]
            known = dataclasses.replace(self._status, stdout_bytes=sizes[0], stderr_bytes=sizes[1])
            return dataclasses.replace(known, line=_line(known))

    def say(self, stdout: str | bytes = "", stderr: str | bytes = "") -> FakeJob:
        """Prints something more, while it runs."""
        with self._fake.lock:
            for stream, data in enumerate((stdout, stderr)):
                raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
                if raw and not self._status.ended:
                    self._output.append((stream, raw))
            self._tell()
        return self

    def end(self, exit_code: int = 0, *, signal: str | None = None) -> None:
        """It ends by itself. Nothing when it has ended before."""
        if signal is not None:
            self._over("signalled", signal=signal)
        else:
            self._over("exited", exit_code=exit_code)

    # From the FakeVM

    def enter(self) -> None:
        """Its command begins, or begins again after a reboot."""
        boot_id = self._fake.boot_id
        reply = self._fake.reply_to(self.command)
        if boot_id == self._fake.boot_id:  # else it rebooted under it
            self._play(reply)

    def reboot(self) -> None:
        with self._fake.lock:
            if self._status.ended:
                return
            self._over("interrupted", why="the VM rebooted under it")
            if self._followers:
                self.resume()

    def resume(self) -> None:
        """Somebody is there: it is entered again, where its order allows."""
        with self._fake.lock:
            known = self._status
            if (known.state != "interrupted" or self.order.on_reboot == "fail"
                    or known.reboots >= self.order.max_reboots):
                return
            self._status = dataclasses.replace(known, state="running", why="", ended_at=None, cleanup_pending=False,
                                               reboots=known.reboots + 1, boot_id=self._fake.boot_id)
            for follower in self._followers:
                follower.say(f"the VM rebooted under the job; it is entered again (reboot {known.reboots + 1} of at "
                             f"most {self.order.max_reboots})")
        self.enter()

    def cancel(self) -> None:
        self._over("cancelled", killed="yes", why="cancelled")

    def clean_up(self) -> None:
        with self._fake.lock:
            self._status = dataclasses.replace(self._status, cleanup_pending=False)
        self._fake.reply_to(dataclasses.replace(self.command, command=self.order.cleanup, stdin=b"", timeout=None))

    def confirm(self) -> None:
        with self._fake.lock:
            if self._status.revert == "armed":
                self._status = dataclasses.replace(self._status, revert="confirmed")

    def follow(self, follower: FakeFollow) -> None:
        self._followers.append(follower)

    def leave(self, follower: FakeFollow) -> None:
        if follower in self._followers:
            self._followers.remove(follower)

    def output(self, begin: int) -> list[tuple[int, bytes]]:
        return self._output[begin:]

    def _play(self, reply: Reply) -> None:
        self.say(reply.stdout, reply.stderr)
        limit = self.command.timeout
        if limit is not None and (reply.hang or reply.delay > limit):
            self._over("timed_out", killed="yes", why="its time was up")
        elif not reply.hang:
            self.end(reply.exit_code, signal=reply.signal)

    def _over(self, state: str, **known: Any) -> None:
        with self._fake.lock:
            if self._status.ended:
                return
            pending = state == "interrupted" and bool(self.order.cleanup)
            self._status = dataclasses.replace(self._status, state=state, ended_at=time.time(),
                                               cleanup_pending=pending, **known)
        if self.order.cleanup and not pending:
            self.clean_up()
        self._tell()

    def _tell(self) -> None:
        for follower in list(self._followers):
            follower.look()


class FakeFollow:
    """Somebody who follows a job. Gives up at once where the real one would wait for lost_after."""

    def __init__(self, job: FakeJob | None, box: Box, ticket: int, spec: FollowSpec, wanted: bool) -> None:
        self._job = job
        self._box, self._ticket = box, ticket
        self._spec = spec
        self._wanted = wanted
        self._seen = 0
        self._skip = [spec.stdout_from, spec.stderr_from]
        self._words: list[tuple[int, bytes]] = []
        self._reconnects = 0
        self._gave_up: Failure | None = None
        if job is not None:
            job.follow(self)
            if spec.to_the_end:
                job.resume()

    def look(self) -> None:
        self._box.post(self._ticket)

    def say(self, line: str) -> None:
        self._words.append((WORD, line.encode()))
        self.look()

    def lose(self, trouble: Failure | None) -> None:
        """The link ended; without trouble it is back already."""
        self._reconnects += 1
        if trouble is None:
            self.say("the job is followed again")
        else:
            self.give_up(trouble)

    def give_up(self, why: Failure) -> None:
        self._gave_up = why
        self.cancel()
        self.look()

    def ready(self) -> bool:
        if self._gave_up is not None or self._job is None:
            return True
        return self._job.status.ended or not self._spec.to_the_end

    def news(self) -> bool:
        return self.ready() or bool(self._words) or self._job is not None and bool(self._job.output(self._seen))

    def _clean_up(self) -> None:
        """What the job did not live to run, whoever follows it to its end runs, and says so."""
        job = self._job
        if job is not None and self._gave_up is None and self._spec.to_the_end and job.status.cleanup_pending:
            job.clean_up()
            self._words.append((WORD, b"the job did not live to run its cleanup: it has been run now"))

    def take_output(self) -> list[tuple[int, bytes]]:
        self._clean_up()
        taken, self._words = self._words, []
        for stream, data in self._job.output(self._seen) if self._job is not None else ():
            self._seen += 1
            fresh = data[self._skip[stream]:]
            self._skip[stream] = max(0, self._skip[stream] - len(data))
            if fresh and self._wanted:
                taken.append((stream, fresh))
        return taken

    def result(self) -> Any:
        self._clean_up()
        if self._job is not None and self._gave_up is None and self._spec.to_the_end:
            self._job.confirm()
        self.cancel()
        status = JobStatus("") if self._job is None else self._job.status
        found: dict[str, Any] = {"status": dataclasses.asdict(status), "reconnects": self._reconnects}
        if self._gave_up is not None:
            found["failure"] = dataclasses.asdict(self._gave_up)
        return found

    def cancel(self) -> None:
        if self._job is not None:
            self._job.leave(self)


class FakeEngine(FakeLink):
    """What _engine.Engine asks for."""

    def __init__(self, fake: FakeVM, target: Target) -> None:
        super().__init__(fake, target)
        self._following: list[FakeFollow] = []
        fake.engines.append(self)

    def lose(self, why: Failure) -> None:
        super().lose(why)
        following, self._following = self._following, []
        for follow in following:
            if self._closed:
                follow.give_up(failure("cancelled", "command", "no longer followed; the job goes on"))
            elif not follow.ready():
                follow.lose(self.fake.trouble)
                self._following.append(follow)

    def submit(self, box: Box, ticket: int, order: JobOrder) -> FakeCall:
        return self._answer(box, ticket, lambda: self.fake.submitted(order, self._target.user))

    def jobs(self, box: Box, ticket: int, directory: str) -> FakeCall:
        return self._answer(box, ticket, lambda: {
            "jobs": [dataclasses.asdict(job.status) for job in self.fake.jobs if job.order.directory == directory]})

    def prune_jobs(self, box: Box, ticket: int, older: float, keep: int, directory: str) -> FakeCall:
        return self._answer(box, ticket, lambda: {"ids": self.fake.pruned(older, keep, directory)})

    def job_status(self, box: Box, ticket: int, job: str, directory: str) -> FakeCall:
        return self._about(box, ticket, job, directory, lambda found: dataclasses.asdict(found.status))

    def cancel_job(self, box: Box, ticket: int, job: str, directory: str, grace: float) -> FakeCall:
        def cancel(found: FakeJob) -> dict[str, Any]:
            found.cancel()
            return dataclasses.asdict(found.status)

        return self._about(box, ticket, job, directory, cancel)

    def remove_job(self, box: Box, ticket: int, job: str, directory: str) -> FakeCall:
        def remove(found: FakeJob) -> dict[str, Any]:
            if not found.status.ended:
                return declined("it has not ended: cancel it first")
            self.fake.jobs.remove(found)
            return {}

        return self._about(box, ticket, job, directory, remove)

    def clean_up_job(self, box: Box, ticket: int, job: str, directory: str) -> FakeCall:
        def clean_up(found: FakeJob) -> dict[str, Any]:
            if not found.status.cleanup_pending:
                return declined("nothing is left to do")
            found.clean_up()
            return {}

        return self._about(box, ticket, job, directory, clean_up)

    def follow_job(self, box: Box, ticket: int, job: str, directory: str, spec: FollowSpec,
                   wants_output: bool) -> FakeFollow:
        trouble = self._come_up()
        found = None if trouble is not None else self.fake.find_job(job, directory)
        follow = FakeFollow(found, box, ticket, spec, wants_output)
        if found is None:
            follow.give_up(trouble or failure("declined", "command", "there is no such job on the VM"))
        self._following.append(follow)
        follow.look()
        return follow

    def _answer(self, box: Box, ticket: int, make: Any) -> FakeCall:
        trouble = self._come_up()
        return FakeCall(box, ticket, make() if trouble is None else {"failure": dataclasses.asdict(trouble)})

    def _about(self, box: Box, ticket: int, job: str, directory: str, act: Any) -> FakeCall:
        def make() -> Any:
            found = self.fake.find_job(job, directory)
            return act(found) if found is not None else declined("there is no such job on the VM")

        return self._answer(box, ticket, make)


def declined(why: str) -> dict[str, Any]:
    return {"failure": dataclasses.asdict(failure("declined", "command", why))}


def _line(status: JobStatus) -> str:
    detail = status.signal if status.exit_code is None else str(status.exit_code)
    text = status.state if detail is None else f"{status.state} {detail}"
    return text if not status.why else f"{text}: {status.why}"
