# SPDX-License-Identifier: Apache-2.0
"""A VM that is not there, to test your own code against: no host, no network, no waiting.

    def test_the_nightly_job_notices_a_reboot(fake_vm):
        fake_vm.on("make test", stdout="all fine\\n")
        fake_vm.on(re.compile("systemctl .*"), exit_code=1, stderr="denied\\n")
        nightly.main(host="192.168.1.100")            # makes its SSHConnection as ever
        assert [c.command for c in fake_vm.commands] == ["make test"]

The fixture comes with `pytest_plugins = ["vm_connection.testing"]`; without pytest, `with FakeVM() as
fake:` does the same. The classes are the real ones, blocking and aio; only what they stand on is
replaced, so signatures, outcomes and exceptions are those of the real thing. Time is not waited for:
a command with `delay=60` is over at once, or timed out at once when its timeout is shorter.

Jobs are scripted like commands; one that hangs runs until you say otherwise:

    fake_vm.on("make soak", hang=True)
    job = conn.submit("make soak", name="soak")
    fake_vm.job("soak").say("half done\\n").end(3)       # or fake_vm.reboot(), fake_vm.cut(), job.cancel()
    assert job.wait().exit_code == 3
"""

from __future__ import annotations

import dataclasses
import re
import threading
import time
import uuid
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Iterator, Sequence, Union

from . import _engine
from ._engine import JobOrder, Target
from ._fake import FakeLife, failure
from ._fake_jobs import FakeEngine, FakeJob, declined
from .blocking import SSHConnection, VMConnection
from .values import Diagnosis, Evidence, Failure, Health, Hypothesis

__all__ = ["FakeCommand", "FakeJob", "FakeVM", "Reply", "fake_vm"]


@dataclass(frozen=True)
class FakeCommand:
    """A command as it reached the VM."""

    command: str
    user: str
    stdin: bytes = b""
    env: dict[str, str] = dataclasses.field(default_factory=dict)
    cwd: str = ""
    sudo: bool = False
    timeout: float | None = None


@dataclass(frozen=True)
class Reply:
    """What a command does: says something, takes `delay` seconds, and ends.

    `hang`: it ends only by its timeout, by being cancelled, or with the link. `lost`: the link ends
    under it, after its output; True, or what may then be said of it: "yes", "unknown" or "no". To a job
    that is nothing.
    """

    stdout: str | bytes = ""
    stderr: str | bytes = ""
    exit_code: int = 0
    signal: str | None = None
    delay: float = 0.0
    hang: bool = False
    lost: bool | str = False


ReplyFn = Callable[[FakeCommand], Reply]
Script = Union[Reply, ReplyFn, "Sequence[Reply | ReplyFn]"]


class FakeVM:
    """Scripted, and safe to use from any thread. In a `with` block it stands in for `host`, or for any."""

    def __init__(self, host: str | None = None) -> None:
        self.host = host
        self.boot_id = str(uuid.uuid4())
        self.machine_id = uuid.uuid4().hex
        self.host_key = "SHA256:fake"
        self.commands: list[FakeCommand] = []
        self.jobs: list[FakeJob] = []
        self.logins = 0
        self.power_state = "on"              # what its power switch says
        self.console_lines: list[tuple[float, str]] = []  # what its console said, and when
        self.power_actions: list[str] = []   # what its power switch was told to do
        self.otherwise: Script = lambda command: Reply(stderr=f"sh: 1: {command.command}: not found\n", exit_code=127)
        self.lock = threading.RLock()
        self.lives: list[FakeLife] = []  # that are over
        self.engines: list[FakeEngine] = []
        self.trouble: Failure | None = None
        self._scripts: list[tuple[str | re.Pattern[str], Iterator[Reply | ReplyFn]]] = []
        self._health: Health | None = None
        self._diagnosis: Diagnosis | None = None

    # What it does

    def on(self, command: str | re.Pattern[str], reply: Script | None = None, **fields: Any) -> FakeVM:
        """Scripts a command line, or all that a pattern matches entirely. The last one said wins.

        `reply`: a Reply, a function of the FakeCommand, or a sequence of them, of which the last stays;
        or else the fields of a Reply: on("uptime", stdout="up 3 days\\n").
        """
        script = reply if reply is not None else Reply(**fields)
        with self.lock:
            self._scripts.insert(0, (command, _each(script)))
        return self

    def reboot(self, ended: str = "orderly", cause: str = "") -> str:
        """A new boot id. What was running is lost, jobs are interrupted, and the link comes back by itself.
        `ended`, `cause`: what boot_since() will know of it."""
        with self.lock:
            self.lives.append(FakeLife(self.boot_id, ended, cause, time.time()))
            self.boot_id = str(uuid.uuid4())
            self.cut("connection reset by peer")
            for job in list(self.jobs):
                job.reboot()
            self._tell("rebooted", f"boot id is now {self.boot_id}")
            return self.boot_id

    def switched(self, action: str) -> None:
        """What its power switch does: "off", "on", "cycle", "reset" or "nmi" (to a kernel that panics at it)."""
        with self.lock:
            self.power_actions.append(action)
            if action == "off":
                self.power_state = "off"
                self.unreachable()
            elif action != "on" or self.power_state == "off":
                self.power_state = "on"
                self.reachable()
                self.reboot("crash" if action == "nmi" else "unclean")

    def cut(self, why: str = "connection reset by peer") -> None:
        """The link ends: what was running is lost, but for jobs. The next command finds it back."""
        with self.lock:
            for engine in list(self.engines):
                engine.lose(failure("lost", "command", why))

    def unreachable(self) -> None:
        """Silence from now on: what was running is lost, logins time out."""
        with self.lock:
            self.trouble = failure("timed-out", "tcp", "no answer")
            self.cut("no answer")

    def deny_login(self) -> None:
        with self.lock:
            self.trouble = failure("auth-denied", "authentication", "denied (publickey)")

    def change_host_key(self) -> None:
        with self.lock:
            self.trouble = failure("host-key-changed", "host-key", "the host key is not the one we know")
            self.cut()

    def reachable(self) -> None:
        """Whatever was the matter is over."""
        with self.lock:
            self.trouble = None

    def job(self, id_or_name: str) -> FakeJob:
        """As the VM has it, wherever its records are."""
        with self.lock:
            for job in reversed(self.jobs):
                if id_or_name in (job.id, job.name):
                    return job
        raise KeyError(id_or_name)

    def health_is(self, health: Health | None) -> None:
        """What health() and is_alive() say from now on; None: what the state of the VM suggests."""
        self._health = health

    def diagnosis_is(self, diagnosis: Diagnosis | None) -> None:
        """What diagnose() says from now on; None: what the state of the VM suggests."""
        self._diagnosis = diagnosis

    # Whom to talk to it with

    def ssh(self, host: str | None = None, user: str = "tester", key_path: str = "fake-key", port: int = 22,
            connection_timeout: float = 10, **options: Any) -> SSHConnection:
        """A connection to this VM, whatever else stands in."""
        conn = SSHConnection(host or self.host or "fake", user, key_path, port, connection_timeout, **options)
        conn._verbs.make_engine = self.engine
        return conn

    def vm(self, host: str | None = None, user: str = "tester", key_path: str = "fake-key", port: int = 22,
           connection_timeout: float = 10, **options: Any) -> VMConnection:
        conn = VMConnection(host or self.host or "fake", user, key_path, port, connection_timeout, **options)
        conn.ssh._verbs.make_engine = self.engine
        return conn

    def __enter__(self) -> FakeVM:
        _standing.append(self)
        _engine.stand_in = _stand_in
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        _standing.remove(self)
        if not _standing:
            _engine.stand_in = _nobody

    # What the engine asks

    def engine(self, target: Target) -> FakeEngine:
        return FakeEngine(self, target)

    def reply_to(self, command: FakeCommand) -> Reply:
        with self.lock:
            self.commands.append(command)
            found: Reply | ReplyFn = next(_each(self.otherwise))
            for wanted, replies in self._scripts:
                if wanted == command.command or isinstance(wanted, re.Pattern) and wanted.fullmatch(command.command):
                    found = next(replies)
                    break
        return found if isinstance(found, Reply) else found(command)

    def submitted(self, order: JobOrder, user: str) -> dict[str, Any]:
        what = order.command
        command = FakeCommand(what.line, user, what.stdin, dict(what.env), what.cwd, what.sudo, what.timeout)
        job = FakeJob(self, order, command)
        with self.lock:
            before = self.find_job(order.id, order.directory)
            if before is not None and before.order != dataclasses.replace(order, within=before.order.within):
                return declined("another job has this id")
            if before is None:
                self.jobs.append(job)
        if before is None:
            job.enter()
        return {"id": order.id}

    def find_job(self, id_or_name: str, directory: str) -> FakeJob | None:
        with self.lock:
            found = [job for job in self.jobs
                     if id_or_name in (job.id, job.name) and job.order.directory == directory]
            return found[-1] if found else None

    def pruned(self, older: float, keep: int, directory: str) -> list[str]:
        with self.lock:
            gone, kept, now = [], 0, time.time()
            for job in reversed([job for job in self.jobs if job.order.directory == directory]):
                status = job.status
                kept += status.stdout_bytes + status.stderr_bytes
                if status.ended and (kept > keep or now - (status.ended_at or now) >= older):
                    gone.append(job)
            self.jobs[:] = [job for job in self.jobs if job not in gone]
            return [job.id for job in reversed(gone)]

    def boot_reading(self) -> dict[str, Any]:
        return {"boot_id": self.boot_id, "host_key": self.host_key, "machine_id": self.machine_id,
                "read_at": time.time()}

    def health_at(self, level: str) -> Health:
        if self._health is not None:
            return self._health
        layers = {"basic": ("icmp-echo", "tcp-connect"), "medium": ("icmp-echo", "tcp-connect", "ssh-login", "exec")}
        stages = layers.get(level, (*layers["medium"], "system"))
        network = self.trouble is None or self.trouble.stage not in ("tcp", "resolve")
        ssh = self.trouble is None
        works = {"icmp-echo": network, "tcp-connect": network}
        return Health(
            level=level, verdict="healthy" if ssh else "unknown", claim=ssh, alive=network,
            confidence=0.99 if network else 0.05,
            ssh_available=ssh and level != "basic", network_reachable=network, os_signs=network,
            ping="works" if network else "fails", port_behavior="open" if network else "filtered",
            tcp_stack="works" if network else "unknown", response_time=0.001 if network else None,
            cause="none" if ssh else "unknown",
            evidence=tuple(Evidence(check, check, "works" if works.get(check, ssh) else "fails") for check in stages))

    def diagnosis(self) -> Diagnosis:
        if self._diagnosis is not None:
            return self._diagnosis
        health = self.health_at("thorough")
        certain = 0.99 if health.cause != "unknown" else 0.5
        return Diagnosis(health, hypotheses=(Hypothesis(health.cause, certain),))

    def _tell(self, kind: str, text: str) -> None:
        for engine in self.engines:
            engine.tell(kind, text)


def _each(script: Script) -> Iterator[Reply | ReplyFn]:
    replies = [script] if isinstance(script, Reply) or callable(script) else list(script)
    if not replies:
        raise ValueError("a script needs at least one reply")
    yield from replies
    while True:
        yield replies[-1]


_standing: list[FakeVM] = []
_nobody = _engine.stand_in


def _stand_in(target: Target) -> FakeEngine:
    """Once a fake stands, no test reaches the network by mistake."""
    for fake in reversed(_standing):
        if fake.host in (None, target.host):
            return fake.engine(target)
    nowhere = FakeVM(target.host)
    nowhere.trouble = failure("unknown-name", "resolve", f"no FakeVM stands in for {target.host}")
    return nowhere.engine(target)


try:
    import pytest
except ImportError:
    pass
else:
    @pytest.fixture
    def fake_vm() -> Iterator[FakeVM]:
        """Stands in for every host while the test runs."""
        with FakeVM() as fake:
            yield fake
