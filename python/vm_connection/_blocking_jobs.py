# SPDX-License-Identifier: Apache-2.0
"""Jobs for the blocking classes: every verb waits on the calling thread, with the GIL free."""

from __future__ import annotations

import os
from typing import Mapping, Sequence

from . import _jobs
from ._here import do
from ._jobs import JobFace, JobVerbs, follow_spec, order
from ._verbs import OUTPUT_LIMIT, LineFn, Verbs, positive
from .values import JobOutput, JobStatus


class Job(JobFace):
    """A command that lives on the VM, and goes on whatever becomes of the connection and of this program.

    A handle: dropping it, closing the connection or ending the program leaves the job alone. Each verb waits for a
    link that is away, for at most a minute, wait() for `lost_after`.
    """

    def wait(
        self,
        output_callback: LineFn | None = None,
        *,
        timeout: float | None = None,
        check: bool = False,
        stdout_from: int = 0,
        stderr_from: int = 0,
        lost_after: float | None = None,
        note_callback: LineFn | None = None,
    ) -> JobStatus:
        """Waits for its end, across broken links and reboots, and says how it ended.

        `output_callback` gets its output from the beginning, or from these offsets, each line once, as execute()
        gives them. `note_callback` gets one line each when the link is lost or found, the output was rolled back, or
        the job is entered again. Raises JobInterrupted when a reboot was its end, ConnectionLostError when nothing was
        heard of the VM for `lost_after` (300 s), JobNotEndedError after `timeout`; with `check`, JobFailedError unless
        it exited with 0. Whatever is raised, an exception of a callback or Ctrl-C too, leaves the job alone.
        """
        what, left = follow_spec(stdout_from, stderr_from, lost_after), positive("timeout", timeout)
        return do(lambda mail: self._job.wait(mail, what, output_callback, note_callback, left, check))

    def output(self, *, stdout_from: int = 0, stderr_from: int = 0, limit: int = OUTPUT_LIMIT) -> JobOutput:
        """What it has said so far, at most `limit` bytes a stream."""
        follow_spec(stdout_from, stderr_from, None)
        return do(lambda mail: self._job.output(mail, stdout_from, stderr_from, limit))

    def status(self) -> JobStatus:
        """Raises VMConnectionError when there is no such job."""
        return do(self._job.status)

    def cancel(self, kill_after: float = 5) -> JobStatus:
        """TERM to all that it started, then KILL. Its state afterwards."""
        return do(lambda mail: self._job.cancel(mail, kill_after))

    def remove(self) -> None:
        """Takes the records of an ended job away."""
        do(self._job.remove)

    def clean_up(self) -> None:
        """Runs the cleanup that it did not live to run; see JobStatus.cleanup_pending."""
        do(self._job.clean_up)


class JobsFace:
    """What SSHConnection and VMConnection do with jobs."""

    def submit(
        self,
        command: str | Sequence[str],
        *,
        name: str = "",
        id: str | None = None,
        timeout: float | None = None,
        kill_after: float = 5,
        cleanup: str | None = None,
        on_reboot: str = "fail",
        max_reboots: int = 3,
        max_output: int | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        cwd: str | os.PathLike[str] | None = None,
        sudo: bool = False,
        volatile: bool = False,
        directory: str | os.PathLike[str] = "",
        revert: str | None = None,
        confirm_within: float | None = None,
        within: float = 60,
    ) -> Job:
        """Starts a job, once: when this returns it has begun on the VM.

        `id`, a UUID: the same id is never run twice, so a submit that failed may be repeated with it. `timeout`: the VM
        ends it then, `kill_after` seconds between TERM and KILL. `cleanup`: a shell line that is run after every
        ending. `on_reboot`: "fail" is interrupted by a reboot; "rerun" begins again and "resume" is entered again with
        VMC_REBOOT_COUNT, both at most `max_reboots` times and only while somebody waits. `max_output`: it is ended when
        it has printed more bytes. `revert`, a shell line that the VM runs unless somebody comes back within
        `confirm_within` seconds of the start; wait() does. `volatile`: also where its records cannot be made durable.
        `directory`: an absolute path on the VM for its records. `within`: how long to ask again while the link is away.

        What it raises names the job's id. After ConnectionLostError the job may have begun, or not; after any other
        VMConnectionError this submit began nothing.
        """
        what = order(command, name=name, id=id, timeout=timeout, kill_after=kill_after, cleanup=cleanup,
                     on_reboot=on_reboot, max_reboots=max_reboots, max_output=max_output, env=env, stdin=stdin, cwd=cwd,
                     sudo=sudo, volatile=volatile, directory=directory, revert=revert, confirm_within=confirm_within,
                     within=within)
        return Job(do(lambda mail: _jobs.submit(self._its_verbs(), mail, what)))

    def job(self, id_or_name: str, *, directory: str | os.PathLike[str] = "") -> Job:
        """A job by its id, or the newest of that name, whoever submitted it. Nothing is asked yet."""
        return Job(JobVerbs(self._its_verbs(), id_or_name, directory=os.fspath(directory)))

    def jobs(self, *, directory: str | os.PathLike[str] = "") -> list[JobStatus]:
        """All there are, the oldest first."""
        return do(lambda mail: _jobs.jobs(self._its_verbs(), mail, os.fspath(directory)))

    def prune_jobs(self, older: float = 14 * 86400, keep: int = 1 << 30, *,
                   directory: str | os.PathLike[str] = "") -> list[str]:
        """Removes ended jobs that are older than this (s), then the oldest until the rest holds at most `keep` bytes of
        output. Gives their ids."""
        return do(lambda mail: _jobs.prune(self._its_verbs(), mail, older, keep, os.fspath(directory)))

    def _its_verbs(self) -> Verbs:
        raise NotImplementedError
