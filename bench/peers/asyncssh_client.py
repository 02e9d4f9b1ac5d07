#!/usr/bin/python3
"""The comparison's client over python3-asyncssh.

usage: asyncssh_client.py HOST PORT USER KEY KNOWN_HOSTS connect|exec|hold|stream|once N
"""

import asyncio
import sys
import time
import warnings

warnings.filterwarnings("ignore")  # Debian's cryptography deprecates ciphers that asyncssh names
import asyncssh  # noqa: E402  pylint: disable=wrong-import-position

from measure import Cost  # noqa: E402


class Counter(asyncssh.SSHClientSession):
    """Counts bytes and keeps none: asyncssh's fastest way to receive."""

    def __init__(self):
        self.received = 0

    def data_received(self, data, datatype):
        self.received += len(data)


class Client:
    def __init__(self, host, port, user, key, known_hosts):
        # The key is read once: the others do so too.
        self._options = {
            "host": host, "port": int(port), "username": user, "known_hosts": asyncssh.read_known_hosts(known_hosts),
            "client_keys": [asyncssh.read_private_key(key)], "agent_path": None, "config": None,
            "kex_algs": ["curve25519-sha256"], "encryption_algs": ["aes128-gcm@openssh.com"],
            "gss_kex": False, "gss_auth": False}

    async def log_in(self):
        return await asyncssh.connect(**self._options)

    async def execute(self, link, line):
        channel, session = await link.create_session(Counter, line, encoding=None)
        await channel.wait_closed()
        if channel.get_exit_status() != 0:
            raise SystemExit("asyncssh: the command failed")
        return session.received

    async def connect(self, count):
        cost = Cost()
        for _ in range(count):
            start = time.monotonic()
            link = await self.log_in()
            cost.item(time.monotonic() - start)
            link.close()
            await link.wait_closed()
        cost.print_cost()

    async def exec(self, count):
        async with await self.log_in() as link:
            await self.execute(link, "true")
            cost = Cost()
            for _ in range(count):
                start = time.monotonic()
                await self.execute(link, "true")
                cost.item(time.monotonic() - start)
            cost.print_cost()

    async def once(self, _):
        """A whole process for one command; the caller measures it."""
        async with await self.log_in() as link:
            await self.execute(link, "true")

    async def stream(self, size):
        async with await self.log_in() as link:
            await self.execute(link, "true")
            cost = Cost()
            start = time.monotonic()
            received = await self.execute(link, f"head -c {size} /dev/zero")
            if received != size:
                raise SystemExit("asyncssh: bytes are missing")
            cost.item(time.monotonic() - start)
            cost.print_cost(received)

    async def hold(self, count):
        first = await self.log_in()
        cost = Cost()
        held = [await self.log_in() for _ in range(count)]
        cost.print_held(count)
        for link in [first, *held]:
            link.close()
            await link.wait_closed()


if __name__ == "__main__":
    if len(sys.argv) != 8 or sys.argv[6] not in ("connect", "exec", "stream", "hold", "once"):
        sys.exit(__doc__)
    asyncio.run(getattr(Client(*sys.argv[1:6]), sys.argv[6])(int(sys.argv[7])))
