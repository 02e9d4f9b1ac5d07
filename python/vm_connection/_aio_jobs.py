# SPDX-License-Identifier: Apache-2.0
"""Jobs as coroutines; see _blocking_jobs for what they do."""

from __future__ import annotations

import os
from typing import Mapping, Sequence

from . import _jobs
from ._hub import do
from ._jobs import JobFace, JobVerbs, follow_spec, order
from ._verbs import OUTPUT_LIMIT, LineFn, Verbs, positive
from .values import JobOutput, JobStatus


class Job(JobFace):
    """vm_connection.Job with coroutines; see there. Cancelling the task leaves the job alone."""

    async def wait(
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
        what, left = follow_spec(stdout_from, stderr_from, lost_after), positive("timeout", timeout)
        return await do(lambda mail: self._job.wait(mail, what, output_callback, note_callback, left, check))

    async def output(self, *, stdout_from: int = 0, stderr_from: int = 0, limit: int = OUTPUT_LIMIT) -> JobOutput:
        follow_spec(stdout_from, stderr_from, None)
        return await do(lambda mail: self._job.output(mail, stdout_from, stderr_from, limit))

    async def status(self) -> JobStatus:
        return await do(self._job.status)

    async def cancel(self, kill_after: float = 5) -> JobStatus:
        return await do(lambda mail: self._job.cancel(mail, kill_after))

    async def remove(self) -> None:
        await do(self._job.remove)

    async def clean_up(self) -> None:
        await do(self._job.clean_up)


class JobsFace:
    """What SSHConnection and VMConnection do with jobs."""

    async def submit(
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
        what = order(command, name=name, id=id, timeout=timeout, kill_after=kill_after, cleanup=cleanup,
                     on_reboot=on_reboot, max_reboots=max_reboots, max_output=max_output, env=env, stdin=stdin, cwd=cwd,
                     sudo=sudo, volatile=volatile, directory=directory, revert=revert, confirm_within=confirm_within,
                     within=within)
        return Job(await do(lambda mail: _jobs.submit(self._its_verbs(), mail, what)))

    def job(self, id_or_name: str, *, directory: str | os.PathLike[str] = "") -> Job:
        """Nothing is asked yet, so there is nothing to await."""
        return Job(JobVerbs(self._its_verbs(), id_or_name, directory=os.fspath(directory)))

    async def jobs(self, *, directory: str | os.PathLike[str] = "") -> list[JobStatus]:
        return await do(lambda mail: _jobs.jobs(self._its_verbs(), mail, os.fspath(directory)))

    async def prune_jobs(self, older: float = 14 * 86400, keep: int = 1 << 30, *,
                         directory: str | os.PathLike[str] = "") -> list[str]:
        return await do(lambda mail: _jobs.prune(self._its_verbs(), mail, older, keep, os.fspath(directory)))

    def _its_verbs(self) -> Verbs:
        raise NotImplementedError
