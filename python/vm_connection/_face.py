# SPDX-License-Identifier: Apache-2.0
"""What the blocking and the asyncio classes have in common: how they are made, and what they know."""

from __future__ import annotations

import os
from typing import Callable, Sequence

from ._engine import Engine, Passphrase
from ._verbs import Verbs, checked_target
from .console import ConsoleSource
from .power import PowerSwitch
from .values import BootRecord, Notice

NoticeFn = Callable[[Notice], object]


class Face:
    """See SSHConnection for the arguments."""

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
        self._verbs = Verbs(checked_target(
            host, user, key_path, port, connection_timeout, agent=agent, passphrase=passphrase,
            host_keys=host_keys, pin=pin, known_hosts=tuple(known_hosts), host_key_alias=host_key_alias,
            proxy_command=proxy_command, canary=canary, power=power, rescue_shell=rescue_shell, console=console,
            retry_auth=retry_auth))
        self._on_notice = on_notice
        if on_notice is not None:
            self._verbs.on_engine = self._listen

    def _listen(self, engine: Engine) -> None:
        raise NotImplementedError

    @property
    def host(self) -> str:
        return self._verbs.target.host

    @property
    def user(self) -> str:
        return self._verbs.target.user

    @property
    def key_path(self) -> str | None:
        """With `~` expanded."""
        return self._verbs.target.key_path

    @property
    def port(self) -> int:
        return self._verbs.target.port

    @property
    def connection_timeout(self) -> float:
        return self._verbs.target.connection_timeout

    @property
    def connected(self) -> bool:
        """connect() succeeded and close() has not been called. A link that drops meanwhile comes back by itself."""
        return self._verbs.connected

    @property
    def state(self) -> str:
        """Of the link: "idle", "connecting", "online", "suspect", "waiting" or "stopped"."""
        return self._verbs.state()

    @property
    def recorded_boot(self) -> BootRecord | None:
        """What record_boot_id() read."""
        return self._verbs.recorded

    def __repr__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"<{type(self).__name__} {self.user}@{host}:{self.port} {self.state}>"
