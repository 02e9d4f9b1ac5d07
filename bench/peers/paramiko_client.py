#!/usr/bin/python3
"""The comparison's client over python3-paramiko.

usage: paramiko_client.py HOST PORT USER KEY KNOWN_HOSTS connect|exec|hold|stream|once N

paramiko 2.12 knows no AES-GCM: it runs its own first choice, aes128-ctr.
"""

import sys
import time
import warnings

warnings.filterwarnings("ignore")
import paramiko  # noqa: E402  pylint: disable=wrong-import-position

from measure import Cost  # noqa: E402


class Client:
    def __init__(self, host, port, user, key, known_hosts):
        self._address = {"hostname": host, "port": int(port), "username": user, "allow_agent": False,
                         "look_for_keys": False, "pkey": paramiko.Ed25519Key.from_private_key_file(key)}
        self._known_hosts = known_hosts

    def log_in(self):
        client = paramiko.SSHClient()
        client.load_host_keys(self._known_hosts)
        client.connect(**self._address)
        return client

    @staticmethod
    def execute(client, line):
        channel = client.get_transport().open_session()
        channel.exec_command(line)
        received = 0
        while data := channel.recv(1 << 16):
            received += len(data)
        if channel.recv_exit_status() != 0:
            raise SystemExit("paramiko: the command failed")
        channel.close()
        return received

    def connect(self, count):
        cost = Cost()
        for _ in range(count):
            start = time.monotonic()
            client = self.log_in()
            cost.item(time.monotonic() - start)
            client.close()
        cost.print_cost()

    def exec(self, count):
        client = self.log_in()
        self.execute(client, "true")
        cost = Cost()
        for _ in range(count):
            start = time.monotonic()
            self.execute(client, "true")
            cost.item(time.monotonic() - start)
        cost.print_cost()
        client.close()

    def once(self, _):
        """A whole process for one command; the caller measures it."""
        client = self.log_in()
        self.execute(client, "true")
        client.close()

    def stream(self, size):
        client = self.log_in()
        self.execute(client, "true")
        cost = Cost()
        start = time.monotonic()
        received = self.execute(client, f"head -c {size} /dev/zero")
        if received != size:
            raise SystemExit("paramiko: bytes are missing")
        cost.item(time.monotonic() - start)
        cost.print_cost(received)
        client.close()

    def hold(self, count):
        first = self.log_in()
        cost = Cost()
        held = [self.log_in() for _ in range(count)]
        cost.print_held(count)
        for client in [first, *held]:
            client.close()


if __name__ == "__main__":
    if len(sys.argv) != 8 or sys.argv[6] not in ("connect", "exec", "stream", "hold", "once"):
        sys.exit(__doc__)
    getattr(Client(*sys.argv[1:6]), sys.argv[6])(int(sys.argv[7]))
