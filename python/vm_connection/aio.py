# SPDX-License-Identifier: Apache-2.0
"""The same verbs as coroutines, for asyncio.

    async with aio.SSHConnection("vm1", "root", "~/.ssh/id_ed25519") as conn:
        outcome = await conn.run("uname -r", timeout=30)

Cancelling the task (or asyncio.timeout) ends the command on the VM before the cancellation goes on.
Callbacks are called in the event loop. A connection may be used from one event loop at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import weakref
from types import TracebackType
from typing import Any, Mapping, Sequence, TypeVar

from . import _engine
from ._engine import Engine, Listening, Passphrase
from ._face import Face, NoticeFn
from ._notices import tell_all
from ._verbs import LineFn, spec
from ._wait import Mail, News, Verb
from .blocking import OUTPUT_LIMIT
from .values import BootRecord, Health, Outcome

__all__ = ["SSHConnection", "VMConnection"]

T = TypeVar("T")


class _Hub:
    """One mailbox for all that goes on in one event loop. Its fd is watched only while somebody waits."""

    def __init__(self) -> None:
        self.box = _engine.new_box()
        self.mail = Mail(self.box)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._listeners: dict[int, tuple[Listening, NoticeFn]] = {}
        self._users = 0

    def enter(self) -> None:
        self._users += 1
        if self._users == 1:
            asyncio.get_running_loop().add_reader(self.box.fileno(), self._deliver)

    def leave(self) -> None:
        self._users -= 1
        if self._users == 0:
            with contextlib.suppress(RuntimeError):  # the loop is gone, and its readers with it
                asyncio.get_running_loop().remove_reader(self.box.fileno())

    async def wait(self, step: News) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[step.ticket] = future
        try:
            if not step.call.news():
                await asyncio.wait([future], timeout=step.within)
        finally:
            del self._waiting[step.ticket]

    def listen(self, engine: Engine, tell: NoticeFn) -> None:
        ticket = self.mail.ticket()
        self._listeners[ticket] = (engine.listen(self.box, ticket), tell)
        self.enter()

    def _deliver(self) -> None:
        for ticket in self.box.drain():
            future = self._waiting.get(ticket)
            if future is not None and not future.done():
                future.set_result(None)
            found = self._listeners.get(ticket)
            if found is not None:
                ended = found[0].ended()
                tell_all(*found)
                if ended:
                    del self._listeners[ticket]
                    self.leave()


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Hub] = weakref.WeakKeyDictionary()


def _hub() -> _Hub:
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = _Hub()
    return hub


async def _do(verb: Verb[T]) -> T:
    """Runs the verb to its end in this event loop. A cancellation is raised inside the verb."""
    hub = _hub()
    coroutine = verb(hub.mail)
    hub.enter()
    try:
        step = coroutine.send(None)
        while True:
            try:
                await hub.wait(step)
            except BaseException as error:
                step = coroutine.throw(error)
            else:
                step = coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        coroutine.close()
        hub.leave()


class SSHConnection(Face):
    """vm_connection.SSHConnection with coroutines; see there."""

    async def connect(self) -> None:
        await _do(self._verbs.connect)

    async def execute(self, command: str, timeout: float | None = None, output_callback: LineFn | None = None) -> int:
        return await _do(lambda mail: self._verbs.execute(mail, command, timeout, output_callback))

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
        return await _do(lambda mail: self._verbs.run(mail, what, output_callback, output_limit, check))

    async def reconnect(self, retries: int = 3, delay: float = 3) -> bool:
        return await _do(lambda mail: self._verbs.reconnect(mail, retries, delay))

    async def is_alive(self, level: str = "medium") -> bool:
        return (await self.health(level)).report()["alive"] is True

    async def health(self, level: str = "medium") -> Health:
        return await _do(lambda mail: self._verbs.health(mail, level))

    async def boot(self) -> BootRecord:
        return await _do(self._verbs.boot)

    async def record_boot_id(self) -> str:
        return await _do(self._verbs.record_boot_id)

    async def check_reboot(self) -> bool:
        return await _do(self._verbs.check_reboot)

    async def close(self) -> None:
        await _do(self._verbs.close)

    async def __aenter__(self) -> SSHConnection:
        if not self.connected:
            await self.connect()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.close()

    def _listen(self, engine: Engine) -> None:
        if self._on_notice is not None:
            _hub().listen(engine, self._on_notice)


class VMConnection:
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
        retry_auth: bool = False,
        on_notice: NoticeFn | None = None,
    ) -> None:
        self.ssh = SSHConnection(
            host, user, key_path, port, connection_timeout, agent=agent, passphrase=passphrase, host_keys=host_keys,
            pin=pin, known_hosts=known_hosts, host_key_alias=host_key_alias, proxy_command=proxy_command,
            retry_auth=retry_auth, on_notice=on_notice)

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

    async def boot(self) -> BootRecord:
        return await self.ssh.boot()

    async def record_boot_id(self) -> str:
        return await self.ssh.record_boot_id()

    async def check_reboot(self) -> bool:
        return await self.ssh.check_reboot()

    async def close(self) -> None:
        await self.ssh.close()

    async def __aenter__(self) -> VMConnection:
        await self.ssh.__aenter__()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<VMConnection {self.ssh!r}>"
