"""What the lab's own tests share. Run: lab/enter /usr/bin/python3 -m pytest test/lab"""

import os
import pathlib
import socket
import subprocess
import sys

import pytest

LAB = pathlib.Path(__file__).resolve().parents[2] / "lab"
sys.path.insert(0, str(LAB))

from vmlab.host import Host  # noqa: E402


def pytest_configure(config):
    if not os.environ.get("VMLAB_SESSION"):
        raise pytest.UsageError("start these tests with lab/enter (it needs root)")


@pytest.fixture(scope="session", name="shared_host")
def _shared_host():
    """For tests that leave a host as they found it."""
    host = Host.up()
    yield host
    host.down()


@pytest.fixture(name="host")
def _host():
    host = Host.up()
    yield host
    host.down()


class Ssh:
    """The OpenSSH client against a machine described by `lab/host up` or `lab/vm up`."""

    def __init__(self, machine: dict, directory: pathlib.Path):
        self.machine = machine
        self.known_hosts = directory / f"known_hosts.{machine['name']}"
        self.known_hosts.write_text(machine["known_hosts"])

    def command(self, *words, user="root", key="ed25519", v6=False, seconds=10) -> list[str]:
        path = self.machine["wrong_key"] if key == "wrong" else self.machine["keys"][key]
        address = self.machine["address6" if v6 else "address"]
        return ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes",
                "-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "StrictHostKeyChecking=yes",
                "-o", f"ConnectTimeout={seconds}", "-i", path, "-p", str(self.machine["port"]),
                f"{user}@{address}", *words]

    def run(self, *words, seconds=60, **options) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*words, **options), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=seconds)

    def output(self, *words, **options) -> str:
        done = self.run(*words, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(name="ssh")
def _ssh(tmp_path):
    return lambda machine: Ssh(machine.describe(), tmp_path)


def connect(address: str, port=22, seconds=5.0) -> socket.socket:
    return socket.create_connection((address, port), seconds)


def run_lab(program: str, *arguments, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(LAB / program), *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, **options)
