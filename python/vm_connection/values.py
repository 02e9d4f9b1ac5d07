# SPDX-License-Identifier: Apache-2.0
"""What the verbs answer. Plain frozen values; slugs are stable and shared with `vmc --json`."""

from __future__ import annotations

import signal as signals
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "BootClue", "BootRecord", "BootStory", "Diagnosis", "Evidence", "Failure", "Health", "Hypothesis", "JobOutput",
    "JobStatus", "Notice", "Outcome",
]


@dataclass(frozen=True)
class Failure:
    """What failed, at which stage, how long that stage had taken (s), and the peer's own words."""

    code: str             # "auth-denied", "timed-out", "host-key-changed", …
    stage: str            # "resolve", "tcp", "banner", "key-exchange", "host-key", "authentication", …
    message: str
    peer_words: str = ""  # foreign text: escape before showing it to a terminal
    took: float = 0.0
    line: str = ""        # all of it in one line, for people

    def __post_init__(self) -> None:
        if not self.line:
            object.__setattr__(self, "line", f"{self.stage}: {self.message}")


@dataclass(frozen=True)
class Outcome:
    """How a command ended. What is not known is None or "unknown", never a made-up number."""

    outcome: str                   # "exited", "signalled", "timed_out", "lost" or "refused"
    exit_code: int | None = None   # only when it exited
    signal: str | None = None      # "KILL"; only when a signal ended it
    may_have_run: str = "yes"      # "no", "unknown" or "yes"
    killed: str | None = None      # after timed_out: is its process group known to be gone?
    output_open: bool = False      # a child it left behind still held the output open
    core_dumped: bool = False
    reconnects: int = 0            # how often the link was suspected or replaced meanwhile
    boot_id: str | None = None     # of the kernel it ran on, where it was read
    took: float = 0.0              # seconds
    stdout_raw: bytes = field(default=b"", repr=False)
    stderr_raw: bytes = field(default=b"", repr=False)
    stdout_bytes: int = 0          # as many came; more than stdout_raw holds when output_limit cut it
    stderr_bytes: int = 0
    failure: Failure | None = None  # behind lost and refused
    line: str = field(default="", repr=False)

    @property
    def ok(self) -> bool:
        """Exited with 0."""
        return self.outcome == "exited" and self.exit_code == 0

    @property
    def stdout(self) -> str:
        """Standard output as text: UTF-8, anything else replaced."""
        return self.stdout_raw.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        return self.stderr_raw.decode("utf-8", "replace")

    @property
    def truncated(self) -> bool:
        """More output came than was asked to be kept."""
        return len(self.stdout_raw) < self.stdout_bytes or len(self.stderr_raw) < self.stderr_bytes

    @property
    def shell_code(self) -> int | None:
        """The exit code, or 128 + n when signal n ended it, as a shell counts."""
        return _shell_code(self.exit_code, self.signal)

    def __str__(self) -> str:
        return self.line or self.outcome


@dataclass(frozen=True)
class JobStatus:
    """What is known of a job. Times are of the VM's clock, in seconds since 1970."""

    id: str
    name: str = ""
    command: str = ""
    # "submitted", "running", "exited", "signalled", "timed_out", "cancelled", "interrupted" (a reboot), "killed"
    # (its supervisor too, or for its output), "refused" (it never ran) or "unknown"
    state: str = "unknown"
    exit_code: int | None = None          # only when it exited
    signal: str | None = None             # "KILL"; "unknown" where 130 or 141 may be either
    cause: str = "none"                   # slug: why it was ended
    why: str = ""                         # one line, where there is more to say
    boot_id: str | None = None            # of its last attempt
    reboots: int = 0                      # how often it was entered again
    started_at: float | None = None
    ended_at: float | None = None
    last_heartbeat: float | None = None   # written once a second while it runs
    stdout_bytes: int = 0                 # on the VM now
    stderr_bytes: int = 0
    killed: str = "unknown"               # of what we ended: is nothing of it left?
    escaped: int = 0                      # of these, how many had left its session
    output_kept: bool = True              # False: the disk refused to keep it
    revert: str | None = None             # the switch: "armed", "confirmed", "reverting" or "reverted"
    cleanup_pending: bool = False         # it ended without having run its cleanup: clean_up() does
    line: str = field(default="", repr=False)

    @property
    def ended(self) -> bool:
        return self.state not in ("submitted", "running", "unknown")

    @property
    def ok(self) -> bool:
        """Exited with 0."""
        return self.state == "exited" and self.exit_code == 0

    @property
    def shell_code(self) -> int | None:
        """The exit code, or 128 + n when signal n ended it, as a shell counts."""
        return _shell_code(self.exit_code, self.signal)

    def __str__(self) -> str:
        return self.line or self.state


@dataclass(frozen=True)
class JobOutput:
    """What a job had said when it was asked, from where it was asked for."""

    status: JobStatus
    stdout_raw: bytes = field(default=b"", repr=False)
    stderr_raw: bytes = field(default=b"", repr=False)
    stdout_from: int = 0                  # the offsets these begin at
    stderr_from: int = 0

    @property
    def stdout(self) -> str:
        """Standard output as text: UTF-8, anything else replaced."""
        return self.stdout_raw.decode("utf-8", "replace")

    @property
    def stderr(self) -> str:
        return self.stderr_raw.decode("utf-8", "replace")

    @property
    def truncated(self) -> bool:
        """There was more than `limit` let through."""
        return (self.stdout_from + len(self.stdout_raw) < self.status.stdout_bytes
                or self.stderr_from + len(self.stderr_raw) < self.status.stderr_bytes)


@dataclass(frozen=True)
class Evidence:
    """One question to one layer, answered: "works", "fails" or "unknown", which weighs nothing."""

    layer: str
    check: str
    answer: str
    detail: str = ""
    took: float = 0.0


@dataclass(frozen=True)
class Health:
    """The answer to "is it alive?", with the evidence it rests on."""

    level: str
    verdict: str = "unknown"
    claim: bool = False            # positive evidence stands behind the verdict
    alive: bool = False
    confidence: float = 0.0        # probability that the operating system is alive
    ssh_available: bool = False
    network_reachable: bool = False
    os_signs: bool = False
    ping: str = "unknown"
    port_behavior: str = "unknown"  # "open", "refused", "filtered", "unreachable" or "unknown"
    tcp_stack: str = "unknown"
    response_time: float | None = None  # seconds, of the deepest probe that worked
    cause: str = "unknown"
    evidence: tuple[Evidence, ...] = ()

    @property
    def passed(self) -> int:
        return sum(piece.answer == "works" for piece in self.evidence)

    @property
    def failed(self) -> int:
        return sum(piece.answer == "fails" for piece in self.evidence)

    def report(self) -> dict[str, Any]:
        """The founding report of `VMConnection.is_alive()`. True, False, or None where it is not known."""
        checked = self.passed + self.failed > 0
        return {
            "alive": self.alive and checked,
            "confidence": self.confidence if checked else 0.0,
            "checks_passed": self.passed,
            "checks_failed": self.failed,
            "failed_checks": [piece.check for piece in self.evidence if piece.answer == "fails"],
            "response_time_ms": None if self.response_time is None else self.response_time * 1000,
            "ssh_available": self.ssh_available,
            "network_reachable": self.network_reachable,
            "os_signs_detected": self.os_signs,
            "ping_responsive": _truth(self.ping),
            "port_behavior": self.port_behavior,
            "tcp_stack_active": _truth(self.tcp_stack),
            "detailed_status": {
                "level": self.level,
                "verdict": self.verdict,
                "claim": self.claim,
                "cause": self.cause,
                "checks": {
                    piece.check: {"layer": piece.layer, "answer": piece.answer, "detail": piece.detail,
                                  "took_ms": piece.took * 1000}
                    for piece in self.evidence
                },
            },
        }


@dataclass(frozen=True)
class Hypothesis:
    """One cause that could explain what was seen."""

    cause: str                 # stable: "path-dead", "sshd-down", "none", …
    probability: float = 0.0   # given all of the evidence
    speaks_for: tuple[str, ...] = ()      # for people, the strongest first
    speaks_against: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a VM, how sure that is, and on which evidence.

    `health.cause` names a cause only where the evidence leaves one; else it is "unknown", and `hypotheses` is the
    set that cannot be told apart from here.
    """

    health: Health
    since: float | None = None   # our wall clock at the last sign of life; None while it answers
    hypotheses: tuple[Hypothesis, ...] = ()  # most probable first; below 1 % left out
    would_settle: tuple[str, ...] = ()       # questions that nobody could answer, for people
    boot_change: str = "unknown"             # against the last reading of this host
    boot: BootStory | None = None            # what is known of that change, where there was one

    @property
    def verdict(self) -> str:
        return self.health.verdict

    @property
    def cause(self) -> str:
        return self.health.cause


@dataclass(frozen=True)
class BootRecord:
    """One authenticated reading of a VM's life. Empty strings stand for "not known"."""

    boot_id: str
    incarnation: str = ""    # of user space: changes when it restarts under the same kernel
    host_key: str = ""       # "SHA256:…" of the key the server proved
    machine_id: str = ""
    product_uuid: str = ""
    uptime: float = 0.0      # seconds, when it was read
    read_at: float = 0.0     # our wall clock when the answer had come, seconds since 1970
    read_on: float = 0.0     # our monotonic clock then, s
    took: float = 0.0        # from the question to the answer, s
    booted_at: float = 0.0   # by the VM's clock, when its kernel began: moves when that clock is set


@dataclass(frozen=True)
class BootClue:
    """One thing that is known of a change of boot, and how."""

    tells: str   # "change", "boots", "ended", "died_at", "returned_at", "cause" or "note"
    source: str  # "boot-id", "identity", "uptime", "clock", "journal", "wtmp", "pstore", "kdump", "heartbeat", …
    text: str    # for people


@dataclass(frozen=True)
class BootStory:
    """What happened between two readings. Times by our wall clock, in seconds since 1970; None: not known."""

    # "none", "reboot", "reboot-at-least-once" (not counted, or more than one), "crash-reboot", "kexec", "soft-reboot",
    # "pause", "snapshot-revert", "re-imaged", "other-machine", "ambiguous" or "unknown"
    change: str
    before: BootRecord
    now: BootRecord
    boots: int | None = None            # how often a kernel began since, by what they left on the disk
    ended: str = "unknown"              # "orderly", "unclean" (a crash, a reset or a power cut), "crash"
    died_at: float | None = None        # the last sign of life of the boot that was recorded
    returned_at: float | None = None    # when the kernel that answers now began
    down: float | None = None           # s, between the two, where one boot was counted; at most so long
    cause: str = ""                     # words of the kernel that panicked
    evidence: tuple[BootClue, ...] = ()
    line: str = field(default="", repr=False)

    @property
    def new_life(self) -> bool:
        """What ran before is gone: a new life of the kernel or of user space."""
        return self.change in ("reboot", "reboot-at-least-once", "crash-reboot", "kexec", "soft-reboot")

    def __str__(self) -> str:
        return self.line or self.change


@dataclass(frozen=True)
class Notice:
    """Something the user of a link is told at once, while it happens."""

    kind: str    # "connecting", "online", "suspect", "answered", "replaced", "waiting", "ended", "host-key", …
    at: float    # our wall clock, seconds since 1970
    text: str    # one line for people


def _shell_code(exit_code: int | None, signal: str | None) -> int | None:
    if signal is None or exit_code is not None:
        return exit_code
    return 128 + int(getattr(signals, "SIG" + signal.removeprefix("SIG"), 0))


def _truth(answer: str) -> bool | None:
    return {"works": True, "fails": False}.get(answer)
