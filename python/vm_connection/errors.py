# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, all under one base; every error pickles, and carries what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NoReturn

if TYPE_CHECKING:
    from .values import Failure, JobStatus, Outcome

__all__ = [
    "AuthenticationError", "CommandFailedError", "CommandTimeoutError", "ConnectionLostError",
    "HostKeyError", "JobFailedError", "JobInterrupted", "JobNotEndedError", "VMConnectionError",
    "VMRebootDetectedError",
]


class VMConnectionError(Exception):
    """Base of everything this module raises. `failure` tells the stage, the code and the peer's words."""

    failure: Failure | None

    def __init__(self, message: str = "", failure: Failure | None = None) -> None:
        super().__init__(message)
        self.failure = failure

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        return _revive, (type(self), self.args), self.__dict__


class CommandTimeoutError(VMConnectionError):
    """The command's time was up. `killed` says whether it is known to be gone: "yes", "no" or "unknown"."""

    def __init__(self, command: str, timeout: float, killed: str = "unknown") -> None:
        super().__init__(f"Command timed out after {timeout:g}s: {command}")
        self.command = command
        self.timeout = timeout
        self.killed = killed


_CHANGES = {
    "reboot": "VM has rebooted: boot id was {before}, is now {after}",
    "soft-reboot": "VM has restarted its user space (soft reboot) under the same kernel, boot id {after}",
    "snapshot-revert": "VM was put back to a snapshot of the same boot, boot id {after}",
    "re-imaged": "VM was installed anew: boot id was {before}, is now {after}",
}


class VMRebootDetectedError(VMConnectionError):
    """The life recorded is over. `change` says how: "reboot", "soft-reboot", "snapshot-revert", "re-imaged"."""

    def __init__(self, before: str = "", after: str = "", change: str = "reboot") -> None:
        super().__init__(_CHANGES.get(change, _CHANGES["reboot"]).format(before=before, after=after))
        self.before = before
        self.after = after
        self.change = change


class AuthenticationError(VMConnectionError):
    """The VM denied the login, the key file is unusable, or two denials hold the next one back."""


class HostKeyError(VMConnectionError):
    """The host key is not the one we know. Nothing was sent to it."""


class ConnectionLostError(VMConnectionError):
    """The link ended before the command did. `may_have_run`: "no", "yes" or "unknown"; it is never sent again."""

    def __init__(self, message: str = "", may_have_run: str = "unknown", failure: Failure | None = None) -> None:
        super().__init__(message, failure)
        self.may_have_run = may_have_run


class CommandFailedError(VMConnectionError):
    """Only from `run(check=True)`: the command ran and ended with a non-zero code or a signal."""

    def __init__(self, command: str, outcome: Outcome) -> None:
        super().__init__(f"Command failed ({outcome}): {command}")
        self.command = command
        self.outcome = outcome


class JobInterrupted(VMConnectionError):
    """The VM rebooted under the job, and that was its end. What had reached the disk is still there."""

    def __init__(self, status: JobStatus) -> None:
        super().__init__(f"Job {status.id} was interrupted: {status.why or status}")
        self.status = status


class JobFailedError(VMConnectionError):
    """Only from `wait(check=True)`: the job ended otherwise than with exit code 0. `status` says how."""

    def __init__(self, status: JobStatus) -> None:
        super().__init__(f"Job {status.id} failed ({status}): {status.command}")
        self.status = status


class JobNotEndedError(VMConnectionError, TimeoutError):
    """Only from `wait(timeout=…)`: it was not seen to end in time. The job goes on."""

    def __init__(self, job: str, timeout: float) -> None:
        super().__init__(f"Job {job} had not ended after {timeout:g}s; it goes on")
        self.job = job
        self.timeout = timeout


_LOGIN = {"auth-denied", "auth-held", "key-unusable"}
_HOST_KEY = {"host-key-unknown", "host-key-changed", "host-key-revoked"}


def raise_failure(failure: Failure) -> NoReturn:
    """AuthenticationError, HostKeyError or VMConnectionError, whichever fits."""
    if failure.code in _LOGIN:
        raise AuthenticationError(failure.line, failure)
    if failure.code in _HOST_KEY:
        raise HostKeyError(failure.line, failure)
    raise VMConnectionError(failure.line, failure)


def raise_unless_ended(command: str, timeout: float | None, outcome: Outcome) -> None:
    """Returns only when the command ran and ended by itself: with a code, or by a signal."""
    if outcome.outcome == "timed_out":
        raise CommandTimeoutError(command, timeout if timeout is not None else 0.0, outcome.killed or "unknown")
    if outcome.outcome == "lost":
        raise ConnectionLostError(str(outcome), outcome.may_have_run, outcome.failure)
    if outcome.outcome == "refused":
        if outcome.failure is None:
            raise VMConnectionError(str(outcome))
        raise_failure(outcome.failure)


def _revive(kind: type[VMConnectionError], args: tuple[Any, ...]) -> VMConnectionError:
    error = kind.__new__(kind)
    error.args = args
    return error
