"""A QEMU virtual machine as tests and people use it.

Inside `lab/enter` it hangs on the wire (TAP), where it can be cut off like any host.
Elsewhere, also without root, it is reached through a forwarded port on loopback; QEMU
then answers TCP for a guest that is dead, so that form is for a first try, not for tests.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time
import uuid

from . import accounts, faults, guest_programs, initramfs, kernel, keys, qemu, qmp, servers, wire
from .places import SESSION_VARIABLE, LabError, build_directory

_BOOT_SECONDS = 90
_RETRY_SECONDS = 0.05
_CONNECT_SECONDS = 0.3  # a SYN lost to a VM without a network is not worth waiting for
_BANNER_SECONDS = 5.0


class Vm:
    """A handle; the machine itself lives until `down` or the session's end."""

    def __init__(self, name: str):
        self.name = name
        self.directory = _home() / name
        try:
            self.spec = json.loads((self.directory / "spec.json").read_text())
        except OSError as error:
            raise LabError(f"there is no VM {name}") from error
        self.boot_seconds = None

    @classmethod
    def up(cls, name=None, memory=256, net=None, disk=256, append="", on_panic="pause",
           qemu_options=(), programs=(), wait=True) -> "Vm":
        qemu.check()
        in_session = bool(os.environ.get(SESSION_VARIABLE))
        net = net or ("tap" if in_session else "user")
        if net == "tap" and not in_session:
            raise LabError("--tap needs a session: run this inside `lab/enter COMMAND`")
        number = wire.take_number() if in_session else 0
        name = name or (f"vm{number}" if in_session else _free_name())
        directory = _home() / name
        try:
            directory.mkdir()
        except FileExistsError as error:
            raise LabError(f"there is a VM {name} already") from error
        try:
            _prepare(directory, {
                "name": name, "number": number, "net": net, "memory": memory, "disk": disk,
                "append": append, "on_panic": on_panic, "qemu_options": list(qemu_options),
                "programs": list(programs),
                "uuid": str(uuid.uuid4()), "machine_id": uuid.uuid4().hex,
                "mac": wire.Address(number).mac,
                "port": 22 if net == "tap" else _free_port()})
            vm = cls(name)
            vm.power_on(wait)
        except BaseException:
            _discard(directory, number)
            raise
        return vm

    @staticmethod
    def names() -> list[str]:
        return sorted(path.name for path in _home().iterdir() if (path / "spec.json").exists())

    def down(self) -> None:
        qemu.stop(self.directory)
        if self.spec["net"] == "tap":
            faults.forget(self.spec["number"])
            wire.release(self._wire())
        _discard(self.directory, self.spec["number"])

    def describe(self) -> dict:
        """The document `lab/vm up` prints; see lab/README.md."""
        spec, paths = self.spec, keys.client_keys()
        tap = spec["net"] == "tap"
        return {
            "name": self.name, "kind": "vm", "power": self.power_state(), "pid": qemu.pid(self.directory),
            "address": self._wire().v4 if tap else "127.0.0.1",
            "address6": self._wire().v6 if tap else None, "port": spec["port"],
            "net": spec["net"], "user": "root", "users": spec["users"],
            "key": paths["ed25519"],
            "keys": {kind: paths[kind] for kind in ("ed25519", "ecdsa", "rsa", "encrypted")},
            "passphrase": keys.PASSPHRASE, "wrong_key": paths["wrong"],
            "known_hosts": self._known_hosts(),
            "host_key_fingerprint": keys.fingerprint(spec["host_keys"][0]),
            "machine_id": spec["machine_id"], "product_uuid": spec["uuid"],
            "qmp": str(self.directory / "qmp.sock"), "console": str(self.directory / "console.log"),
            "disk": str(self.directory / "disk.img"), "boot_seconds": self.boot_seconds,
        }

    # Power

    def power_state(self) -> str:
        """off, or QEMU's word: running, paused, guest-panicked, shutdown …"""
        if not qemu.pid(self.directory):
            return "off"
        return self.qmp("query-status")["status"]

    def power_on(self, wait=True) -> None:
        if not qemu.pid(self.directory):
            started = time.monotonic()
            if self.spec["net"] == "tap":
                wire.reserve(self._wire())
            qemu.start(self.directory, self.spec)
            if self.spec["net"] == "tap":  # QEMU made the TAP and takes it along, however it ends
                wire.run_in_wire(["ip", "-batch", "-"], wire.router_end(self._wire()))
            if wait:
                self._wait_for_banner(started)

    def power_off(self, seconds=60) -> None:
        """The power button: the guest shuts down; its disk keeps everything."""
        self.qmp("system_powerdown")
        kernel.wait_for(lambda: not qemu.pid(self.directory), seconds, f"{self.name} going down", step=0.05)

    def cut(self) -> None:
        qemu.stop(self.directory)

    def reset(self, wait=True) -> None:
        """The reset button; also out of a panic that paused the machine."""
        started = time.monotonic()
        self.qmp("system_reset")
        if self.power_state() != "running":
            self.qmp("cont")
        if wait:
            self._wait_for_banner(started)

    def qmp(self, command: str, arguments=None):
        return qmp.execute(self.directory / "lab.sock", command, arguments)

    def console(self, lines: int = 0) -> str:
        path = self.directory / "console.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-lines:]) if lines else text

    def _wire(self) -> wire.Address:
        return wire.Address(self.spec["number"])

    def _known_hosts(self) -> str:
        names = [f"[127.0.0.1]:{self.spec['port']}"]
        if self.spec["net"] == "tap":
            names = [self._wire().v4, self._wire().v6]
        return "".join(f"{','.join(names)} {key}\n" for key in self.spec["host_keys"])

    def _wait_for_banner(self, started: float) -> None:
        where = (self._wire().v4 if self.spec["net"] == "tap" else "127.0.0.1", self.spec["port"])

        def banner() -> bool:
            if not qemu.pid(self.directory):
                raise LabError(f"{self.name} went off while booting; console: {self.console(3)!r}")
            try:
                with socket.create_connection(where, _CONNECT_SECONDS) as connection:
                    connection.settimeout(_BANNER_SECONDS)
                    return connection.recv(4) == b"SSH-"
            except OSError:
                return False
        try:
            kernel.wait_for(banner, _BOOT_SECONDS, f"the SSH banner of {self.name}", _RETRY_SECONDS)
        except LabError as error:
            raise LabError(f"{error}; its console ends: {self.console(5)}") from error
        self.boot_seconds = round(time.monotonic() - started, 2)
        print(f"lab: {self.name} answers SSH after {self.boot_seconds} s", file=sys.stderr)


def _home() -> pathlib.Path:
    session = os.environ.get(SESSION_VARIABLE)
    directory = pathlib.Path(session) / "vms" if session else build_directory() / "vms"
    directory.mkdir(exist_ok=True)
    return directory


def _free_name() -> str:
    return next(f"vm{n}" for n in range(1, 1000) if not (_home() / f"vm{n}").exists())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _prepare(directory: pathlib.Path, spec: dict) -> None:
    print(f"lab: preparing {spec['name']}", file=sys.stderr)
    people = accounts.users("/bin/sh")
    spec["users"] = [user.as_json() for user in people]
    (directory / "hostkeys").mkdir()
    server = servers.OpenSsh()
    spec["host_keys"] = server.make_host_keys(directory / "hostkeys")
    own = initramfs.Archive()
    for name, text in accounts.etc_files(people, spec["name"], spec["machine_id"]).items():
        own.file(f"etc/{name}", text, 0o640 if name == "shadow" else 0o644)
    own.file("etc/authorized_keys", keys.authorized_keys())
    own.file("etc/ssh/sshd_config", server.config(22, []))
    for path in (directory / "hostkeys").iterdir():
        own.file(f"etc/ssh/keys/{path.name}", path.read_bytes(), 0o600)
    own.file("etc/network", _network(spec))
    for program in spec["programs"]:
        guest_programs.add(own, program)
    own.file("etc/acpi/PWRF/00000080", "#!/bin/sh\npoweroff\n", 0o755)
    with open(directory / "initramfs.cpio", "wb") as image:
        image.write(initramfs.base_archive().read_bytes())
        image.write(own.closed())
    with open(directory / "disk.img", "wb") as image:
        image.truncate(spec["disk"] << 20)
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # not on everyone's PATH
    done = subprocess.run([shutil.which("mke2fs", path=path) or "mke2fs", "-q", "-F", "-t", "ext4",
                           "-m", "0", str(directory / "disk.img")], capture_output=True, text=True,
                          timeout=60)
    if done.returncode != 0:
        raise LabError(f"mke2fs failed: {done.stderr.strip()}")
    (directory / "spec.json").write_text(json.dumps(spec))


def _network(spec: dict) -> str:
    if spec["net"] == "user":
        return ("ip link set lo up\nip link set eth0 up\nip address add 10.0.2.15/24 dev eth0\n"
                "ip route add default via 10.0.2.2\n")
    address = wire.Address(spec["number"])
    return (f"echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad\n"
            "ip link set lo up\nip link set eth0 up\n"
            f"ip address add {address.v4}/30 dev eth0\nip -6 address add {address.v6}/64 dev eth0\n"
            f"ip route add default via {address.router}\nip -6 route add default via {address.router6}\n")


def _discard(directory: pathlib.Path, number: int) -> None:
    qemu.stop(directory)
    shutil.rmtree(directory, ignore_errors=True)
    if number:
        wire.give_number_back(number)
