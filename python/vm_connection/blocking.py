# SPDX-License-Identifier: Apache-2.0
"""The founding classes: every verb waits on the calling thread, with the GIL free."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Mapping, Sequence

from . import _notices
from ._blocking_jobs import Job, JobsFace
from ._engine import Engine, Passphrase
from ._face import Face, NoticeFn
from ._here import do
from ._verbs import OUTPUT_LIMIT, LineFn, Verbs, spec
from .console import ConsoleLines, ConsoleSource
from .power import PowerReading, PowerSwitch
from .recovery import Reboot, Recovery, RecoveryPolicy
from .values import BootRecord, BootStory, Diagnosis, Health, Outcome

__all__ = ["Job", "SSHConnection", "VMConnection"]


class SSHConnection(Face, JobsFace):
    """Low-level SSH operations on one VM. May be used from several threads at once.

    An explicit `key_path` means that key only; `agent=True` adds the ssh-agent (then key_path may be
    None). `host_keys`: "accept-new" remembers an unknown host and stops hard at a changed key,
    "strict" refuses an unknown host too, "ephemeral" keeps nothing; `pin="SHA256:…"` accepts that key
    only. `passphrase`: of a locked key file, or a function that is asked for it with the file's path.
    `canary`: another host near us, or (host, port), that a diagnosis sends a ping or one connect to, so as to
    tell our own network from the VM's.
    `power`: who can turn it off and on (PowerSwitch); a diagnosis asks him when no command runs any more.
    `console`: where its console can be read (ConsoleSource); recover() listens to it.
    `rescue_shell`: keep a shell ready there, through which recover() frees a full process table.
    `on_notice` is told at once, on a thread of its own, what happens to the link.

        with SSHConnection("192.168.1.100", "ubuntu", "~/.ssh/id_rsa") as conn:
            conn.execute("uptime", timeout=30, output_callback=print)
    """

    def connect(self) -> None:
        """One attempt within connection_timeout. Afterwards a link that drops comes back by itself.

        Raises AuthenticationError, HostKeyError or VMConnectionError.
        """
        do(self._verbs.connect)

    def execute(self, command: str, timeout: float | None = None, output_callback: LineFn | None = None) -> int:
        """Runs one shell line, at most once, and returns its exit code (128 + n when signal n ended it).

        `output_callback` gets each line of text without its newline, on this thread; lines of stderr begin
        with "STDERR: ". An exception in it, or Ctrl-C, ends the command on the VM and propagates.
        Raises CommandTimeoutError, ConnectionLostError, VMConnectionError.
        """
        return do(lambda mail: self._verbs.execute(mail, command, timeout, output_callback))

    def run(
        self,
        command: str | Sequence[str],
        timeout: float | None = None,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        sudo: bool = False,
        sudo_password: str | None = None,
        pty: bool = False,
        stdin: str | bytes | None = None,
        check: bool = False,
        lost_after: float | None = None,
        output_callback: LineFn | None = None,
        output_limit: int = OUTPUT_LIMIT,
    ) -> Outcome:
        """Runs a shell line, or words that arrive exactly as given, and says how it ended.

        A timeout, a lost link and a refusal are outcomes here, not exceptions, unless `check` is set;
        then anything but exit code 0 raises. Output is kept up to `output_limit` bytes a stream.
        `lost_after`: how long a silent link may stay suspect before the command counts as lost (300 s).
        `sudo`: through sudo, refused (never started) without the right to; `sudo_password` is given to sudo where
        it asks for one, and to nobody else.
        """
        what = spec(command, timeout, env=env, cwd=cwd, sudo=sudo, sudo_password=sudo_password, pty=pty, stdin=stdin,
                    lost_after=lost_after)
        return do(lambda mail: self._verbs.run(mail, what, output_callback, output_limit, check))

    def reconnect(self, retries: int = 3, delay: float = 3) -> bool:
        """Up to `retries` attempts, `delay` seconds apart. Zero retries: False at once."""
        return do(lambda mail: self._verbs.reconnect(mail, retries, delay))

    def is_alive(self, level: str = "medium") -> bool:
        """ "basic", "medium" or "thorough"; anything else is taken as medium, with a warning."""
        return self.health(level).report()["alive"] is True

    def health(self, level: str = "medium") -> Health:
        """What was asked of each layer, what it answered, and what we make of it."""
        return do(lambda mail: self._verbs.health(mail, level))

    def diagnose(self) -> Diagnosis:
        """What is wrong with it, how sure that is, and why; within 30 s. Costs sshd one login, and a port that is
        known to be closed one SYN."""
        return do(self._verbs.diagnose)

    def power(self, action: str | None = None) -> PowerReading:
        """How it stands by its power switch, asked now; or that after `action` ("off", "on", "cycle", "reset" or "nmi")
        was carried out and seen to be: all that ran there ends without a farewell. Connects to nothing.

        Raises ValueError without a switch, VMConnectionError when he could not be asked, refused, or the action was not
        seen to be done in his time.
        """
        return do(lambda mail: self._verbs.power(mail, action))

    def console(self, lines: int = 100, *, listen: float = 0) -> ConsoleLines:
        """The last lines captured of its console, by any process of ours, after listening for `listen` seconds
        (to a file: to its end). Connects to nothing but the console.

        Raises ValueError without a console, VMConnectionError when it cannot be opened and nothing was captured before.
        """
        return do(lambda mail: self._verbs.console(mail, lines, listen))

    def recover(self, policy: RecoveryPolicy | None = None) -> Recovery:
        """Brings it back by the gentlest step that may help, and no other; see RecoveryPolicy. Done when it is proven
        to be well, no step is left, or the policy's time is over. Never raises for what stood in the way: that is its
        reason. One step at a time on each VM, none twice in an incident, among all processes of this user."""
        return do(lambda mail: self._verbs.recover(mail, policy))

    def reboot(self, timeout: float = 600) -> Reboot:
        """Tells it to reboot in order, and returns when another boot of the same machine answers two commands in a row.

        Raises VMConnectionError when the user is not root there, or it did not come back within `timeout` seconds.
        """
        return do(lambda mail: self._verbs.reboot(mail, timeout))

    def boot(self) -> BootRecord:
        """Reads the VM's boot id and identity now."""
        return do(self._verbs.boot)

    def boot_since(self, before: BootRecord | None = None, *, last_heartbeat: float | None = None) -> BootStory:
        """What happened since `before`, or since record_boot_id(): how often it rebooted, how that boot ended, when,
        and how each of these is known. Only when the boot is another one the VM is asked for what it knows (once, at
        most 40 s). `last_heartbeat`: that of a JobStatus, of a job that ran in that boot.

        Raises ValueError without a boot to compare with, VMConnectionError and its kin when the VM is not reached.
        """
        return do(lambda mail: self._verbs.boot_since(mail, before, last_heartbeat))

    def record_boot_id(self) -> str:
        """Remembers this boot, and returns its id."""
        return do(self._verbs.record_boot_id)

    def check_reboot(self) -> bool:
        """False while the recorded boot lives on. Raises VMRebootDetectedError when it does not,
        ValueError before record_boot_id()."""
        return do(self._verbs.check_reboot)

    def close(self) -> None:
        """Ends the link in order; connect() makes a new one. Commands still running are reported lost."""
        do(self._verbs.close)

    def __enter__(self) -> SSHConnection:
        if not self.connected:
            self.connect()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _its_verbs(self) -> Verbs:
        return self._verbs

    def _listen(self, engine: Engine) -> None:
        if self._on_notice is not None:
            _notices.deliver(engine, self._on_notice)


class VMConnection(JobsFace):
    """High-level wrapper: the same verbs, and health with confidence and evidence."""

    ssh: SSHConnection

    def __init__(
        self,
        host: str,
        user: str,
        key_path: str | os.PathLike[str] | None,
        port: int = 22,
        connection_timeout: float = 10,
        *,
        agent: bool = False,
        passphrase: Passphrase = None,
        host_keys: str = "accept-new",
        pin: str | None = None,
        known_hosts: Sequence[str] = (),
        host_key_alias: str | None = None,
        proxy_command: str | None = None,
        canary: str | tuple[str, int] | None = None,
        power: PowerSwitch | None = None,
        rescue_shell: bool = False,
        console: ConsoleSource | None = None,
        retry_auth: bool = False,
        on_notice: NoticeFn | None = None,
    ) -> None:
        self.ssh = SSHConnection(
            host, user, key_path, port, connection_timeout, agent=agent, passphrase=passphrase, host_keys=host_keys,
            pin=pin, known_hosts=known_hosts, host_key_alias=host_key_alias, proxy_command=proxy_command,
            canary=canary, power=power, rescue_shell=rescue_shell, console=console, retry_auth=retry_auth,
            on_notice=on_notice)

    def connect(self) -> None:
        self.ssh.connect()

    def execute(self, command: str, timeout: float | None = None, output_callback: LineFn | None = None) -> int:
        return self.ssh.execute(command, timeout, output_callback)

    def run(
        self,
        command: str | Sequence[str],
        timeout: float | None = None,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        sudo: bool = False,
        sudo_password: str | None = None,
        pty: bool = False,
        stdin: str | bytes | None = None,
        check: bool = False,
        lost_after: float | None = None,
        output_callback: LineFn | None = None,
        output_limit: int = OUTPUT_LIMIT,
    ) -> Outcome:
        return self.ssh.run(command, timeout, env=env, cwd=cwd, sudo=sudo, sudo_password=sudo_password, pty=pty,
                            stdin=stdin, check=check, lost_after=lost_after, output_callback=output_callback,
                            output_limit=output_limit)

    def reconnect(self, retries: int = 3, delay: float = 3) -> bool:
        return self.ssh.reconnect(retries, delay)

    def is_alive(self, level: str = "medium") -> dict[str, Any]:
        """alive, confidence, checks_passed, checks_failed, failed_checks, response_time_ms, ssh_available,
        network_reachable, os_signs_detected, ping_responsive, port_behavior, tcp_stack_active, detailed_status."""
        return self.health(level).report()

    def health(self, level: str = "medium") -> Health:
        return self.ssh.health(level)

    def diagnose(self) -> Diagnosis:
        return self.ssh.diagnose()

    def power(self, action: str | None = None) -> PowerReading:
        return self.ssh.power(action)

    def console(self, lines: int = 100, *, listen: float = 0) -> ConsoleLines:
        return self.ssh.console(lines, listen=listen)

    def recover(self, policy: RecoveryPolicy | None = None) -> Recovery:
        return self.ssh.recover(policy)

    def reboot(self, timeout: float = 600) -> Reboot:
        return self.ssh.reboot(timeout)

    def boot(self) -> BootRecord:
        return self.ssh.boot()

    def boot_since(self, before: BootRecord | None = None, *, last_heartbeat: float | None = None) -> BootStory:
        return self.ssh.boot_since(before, last_heartbeat=last_heartbeat)

    def record_boot_id(self) -> str:
        return self.ssh.record_boot_id()

    def check_reboot(self) -> bool:
        return self.ssh.check_reboot()

    def close(self) -> None:
        self.ssh.close()

    def _its_verbs(self) -> Verbs:
        return self.ssh._verbs

    def __enter__(self) -> VMConnection:
        self.ssh.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<VMConnection {self.ssh!r}>"
