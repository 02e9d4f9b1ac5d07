# SPDX-License-Identifier: Apache-2.0
"""The same verbs as coroutines, for asyncio.

    async with aio.SSHConnection("vm1", "root", "~/.ssh/id_ed25519") as conn:
        outcome = await conn.run("uname -r", timeout=30)

Cancelling the task (or asyncio.timeout) ends the command on the VM before the cancellation goes on; a job goes on.
Callbacks are called in the event loop. A connection may be used from one event loop at a time.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Mapping, Sequence

from ._aio_jobs import Job, JobsFace
from ._engine import Engine, Passphrase
from ._face import Face, NoticeFn
from ._hub import do, hub
from ._verbs import OUTPUT_LIMIT, LineFn, Verbs, spec
from .console import ConsoleLines, ConsoleSource
from .power import PowerReading, PowerSwitch
from .recovery import Reboot, Recovery, RecoveryPolicy
from .values import BootRecord, BootStory, Diagnosis, Health, Outcome

__all__ = ["Job", "SSHConnection", "VMConnection"]


class SSHConnection(Face, JobsFace):
    """vm_connection.SSHConnection with coroutines; see there."""

    async def connect(self) -> None:
        await do(self._verbs.connect)

    async def execute(self, command: str, timeout: float | None = None, output_callback: LineFn | None = None) -> int:
        return await do(lambda mail: self._verbs.execute(mail, command, timeout, output_callback))

    async def run(
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
        what = spec(command, timeout, env=env, cwd=cwd, sudo=sudo, sudo_password=sudo_password, pty=pty, stdin=stdin,
                    lost_after=lost_after)
        return await do(lambda mail: self._verbs.run(mail, what, output_callback, output_limit, check))

    async def reconnect(self, retries: int = 3, delay: float = 3) -> bool:
        return await do(lambda mail: self._verbs.reconnect(mail, retries, delay))

    async def is_alive(self, level: str = "medium") -> bool:
        return (await self.health(level)).report()["alive"] is True

    async def health(self, level: str = "medium") -> Health:
        return await do(lambda mail: self._verbs.health(mail, level))

    async def diagnose(self) -> Diagnosis:
        return await do(self._verbs.diagnose)

    async def power(self, action: str | None = None) -> PowerReading:
        return await do(lambda mail: self._verbs.power(mail, action))

    async def console(self, lines: int = 100, *, listen: float = 0) -> ConsoleLines:
        return await do(lambda mail: self._verbs.console(mail, lines, listen))

    async def recover(self, policy: RecoveryPolicy | None = None) -> Recovery:
        return await do(lambda mail: self._verbs.recover(mail, policy))

    async def reboot(self, timeout: float = 600) -> Reboot:
        return await do(lambda mail: self._verbs.reboot(mail, timeout))

    async def boot(self) -> BootRecord:
        return await do(self._verbs.boot)

    async def boot_since(self, before: BootRecord | None = None, *, last_heartbeat: float | None = None) -> BootStory:
        return await do(lambda mail: self._verbs.boot_since(mail, before, last_heartbeat))

    async def record_boot_id(self) -> str:
        return await do(self._verbs.record_boot_id)

    async def check_reboot(self) -> bool:
        return await do(self._verbs.check_reboot)

    async def close(self) -> None:
        await do(self._verbs.close)

    async def __aenter__(self) -> SSHConnection:
        if not self.connected:
            await self.connect()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.close()

    def _its_verbs(self) -> Verbs:
        return self._verbs

    def _listen(self, engine: Engine) -> None:
        if self._on_notice is not None:
            hub().listen(engine, self._on_notice)


class VMConnection(JobsFace):
    """vm_connection.VMConnection with coroutines; see there."""

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

    async def connect(self) -> None:
        await self.ssh.connect()

    async def execute(self, command: str, timeout: float | None = None, output_callback: LineFn | None = None) -> int:
        return await self.ssh.execute(command, timeout, output_callback)

    async def run(
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
        return await self.ssh.run(command, timeout, env=env, cwd=cwd, sudo=sudo, sudo_password=sudo_password, pty=pty,
                                  stdin=stdin, check=check, lost_after=lost_after, output_callback=output_callback,
                                  output_limit=output_limit)

    async def reconnect(self, retries: int = 3, delay: float = 3) -> bool:
        return await self.ssh.reconnect(retries, delay)

    async def is_alive(self, level: str = "medium") -> dict[str, Any]:
        return (await self.health(level)).report()

    async def health(self, level: str = "medium") -> Health:
        return await self.ssh.health(level)

    async def diagnose(self) -> Diagnosis:
        return await self.ssh.diagnose()

    async def power(self, action: str | None = None) -> PowerReading:
        return await self.ssh.power(action)

    async def console(self, lines: int = 100, *, listen: float = 0) -> ConsoleLines:
        return await self.ssh.console(lines, listen=listen)

    async def recover(self, policy: RecoveryPolicy | None = None) -> Recovery:
        return await self.ssh.recover(policy)

    async def reboot(self, timeout: float = 600) -> Reboot:
        return await self.ssh.reboot(timeout)

    async def boot(self) -> BootRecord:
        return await self.ssh.boot()

    async def boot_since(self, before: BootRecord | None = None, *, last_heartbeat: float | None = None) -> BootStory:
        return await self.ssh.boot_since(before, last_heartbeat=last_heartbeat)

    async def record_boot_id(self) -> str:
        return await self.ssh.record_boot_id()

    async def check_reboot(self) -> bool:
        return await self.ssh.check_reboot()

    async def close(self) -> None:
        await self.ssh.close()

    def _its_verbs(self) -> Verbs:
        return self.ssh._verbs

    async def __aenter__(self) -> VMConnection:
        await self.ssh.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<VMConnection {self.ssh!r}>"
