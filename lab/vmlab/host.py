"""A namespace host as tests use it.

    host = Host.up(shells=["/usr/bin/zsh"])
    host.fault("drop"); host.heal(); host.reboot(down_for=2)
    host.run(["cat", "/proc/uptime"]); host.down()

Needs a session: start the test runner with `lab/enter`.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import uuid

from . import accounts, control, faults, inits, kernel, keys, packages, processes, rootfs, servers, wire
from .places import LabError, need_root, session_directory

_LISTEN_SECONDS = 20
_ORDERLY_SECONDS = 30
_SHELL_SETS = ("zsh", "fish", "tcsh", "bsd-csh", "mksh", "yash")


class Host:
    """A handle; the host itself lives in the session until `down` or the session's end."""

    def __init__(self, name: str):
        self.name = name
        self.directory = session_directory() / "hosts" / name
        try:
            self.spec = json.loads((self.directory / "spec.json").read_text())
        except OSError as error:
            raise LabError(f"there is no host {name}") from error
        self.address = wire.Address(self.spec["number"])

    @classmethod
    def up(cls, name=None, shell="/bin/bash", shells=(), names=(), sshd="openssh", port=22,
           sshd_options=(), icmp=True, disk=64, booting_for=0.0, wait=True, init="busybox",
           logind_options=()) -> "Host":
        """Make a host and boot it; returns when its sshd listens."""
        need_root()
        inits.check(init, sshd, logind_options)
        if sshd not in servers.SERVERS:
            raise LabError(f"there is no server {sshd}: one of {', '.join(servers.SERVERS)}")
        number = wire.take_number()
        name = name or f"h{number}"
        directory = session_directory() / "hosts" / name
        try:
            directory.mkdir()
        except FileExistsError as error:
            wire.give_number_back(number)
            raise LabError(f"there is a host {name} already") from error
        try:
            _prepare(directory, name, number, sshd, {
                "shell": shell, "shells": shells, "names": names, "port": port,
                "sshd_options": list(sshd_options), "icmp": icmp, "disk": disk, "init": init,
                "logind_options": list(logind_options)})
            host = cls(name)
            control.start(directory, host.spec)
            host.power_on(booting_for=booting_for, wait=wait)
        except BaseException:
            _discard(directory, number)
            raise
        return host

    @staticmethod
    def names() -> list[str]:
        hosts = (session_directory() / "hosts").iterdir()
        return sorted(path.name for path in hosts if (path / "machine.pid").exists())

    def down(self) -> None:
        """Power cut, and everything of the host removed."""
        control.ask(self.directory, do="remove")
        faults.forget(self.spec["number"])
        _discard(self.directory, self.spec["number"])

    def describe(self) -> dict:
        """The document `lab/host up` prints; see lab/README.md."""
        spec, paths = self.spec, keys.client_keys()
        return {
            "name": self.name, "kind": "host", **self.status(),
            "address": self.address.v4, "address6": self.address.v6, "port": spec["port"],
            "sshd": spec["sshd"], "user": "root", "users": spec["users"],
            "password": accounts.PASSWORD,
            "key": paths["ed25519"],
            "keys": {kind: paths[kind] for kind in ("ed25519", "ecdsa", "rsa", "encrypted")},
            "passphrase": keys.PASSPHRASE, "wrong_key": paths["wrong"],
            "known_hosts": self.known_hosts(),
            "host_key_fingerprint": keys.fingerprint(spec["host_keys"][0]),
            "machine_id": spec["machine_id"], "closed_port": 9,
            "ledger": str(self.directory / "record" / "ledger"),
            "root": str(self.directory / "root"), "log": str(self.directory / "record" / "sshd.log"),
            "faults": faults.current(spec["number"]),
        }

    def known_hosts(self) -> str:
        names = [self.address.v4, self.address.v6]
        if self.spec["port"] != 22:
            names = [f"[{name}]:{self.spec['port']}" for name in names]
        return "".join(f"{','.join(names)} {key}\n" for key in self.spec["host_keys"])

    def status(self) -> dict:
        return control.ask(self.directory, do="status")

    # Power

    def power_on(self, booting_for=0.0, wait=True) -> None:
        control.ask(self.directory, do="on", booting_for=booting_for)
        if wait:
            self._wait_for_listener(booting_for)

    def power_off(self, unreachable=False) -> None:
        """A cut: what was not synced is lost. Then silence, or the router's "host unreachable"."""
        control.ask(self.directory, do="off", unreachable=unreachable)

    def reboot(self, down_for=0.0, booting_for=0.0, orderly=False, wait=True) -> None:
        """Cut the power and boot. For down_for seconds packets vanish; then, for booting_for
        seconds, port 22 answers RST. Orderly is what `reboot` inside does instead."""
        before = self.status()["boots"]
        if orderly:
            control.ask(self.directory, do="orderly")
        else:
            control.ask(self.directory, do="cut", down_for=down_for, booting_for=booting_for)
        if wait:
            kernel.wait_for(lambda: self.status()["boots"] > before,
                            _ORDERLY_SECONDS + down_for, f"the reboot of {self.name}", step=0.01)
            self._wait_for_listener(booting_for)

    # The SSH server

    def sshd(self, verb: str) -> dict:
        """stop start restart freeze thaw kill-sessions freeze-sessions thaw-sessions"""
        init = self._init()
        if verb in ("stop", "restart"):
            main = processes.listener(init)
            processes.send([main] if main else [], signal.SIGTERM)
            kernel.wait_for(lambda: not self._listens(init), _LISTEN_SECONDS, "the end of sshd")
        if verb in ("start", "restart"):
            self.run(["/etc/lab-sshd"], check=True)
            self._wait_for_listener()
        if verb in ("freeze", "thaw"):
            main = processes.listener(init)
            if not main:
                raise LabError(f"no sshd listens on {self.name}")
            processes.send([main], signal.SIGSTOP if verb == "freeze" else signal.SIGCONT)
        reached = []
        number = {"kill-sessions": signal.SIGKILL, "freeze-sessions": signal.SIGSTOP,
                  "thaw-sessions": signal.SIGCONT}.get(verb)
        if number:
            reached = processes.send(processes.sessions(init), number)
        return {"listener": processes.listener(init), "sessions": processes.sessions(init),
                "signalled": reached}

    def new_host_keys(self) -> None:
        """As after a reinstallation: other host keys, the same address."""
        made = self._server().make_host_keys(self.directory / "hostkeys")
        self.spec["host_keys"] = made
        _write_spec(self.directory, self.spec)
        live = self.directory / "root/etc/ssh/keys"
        shutil.rmtree(live)
        shutil.copytree(self.directory / "hostkeys", live)
        self.sshd("restart")

    def log(self) -> str:
        path = self.directory / "record" / "sshd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    # The wire

    def fault(self, kind: str, value=None, port=None) -> list[dict]:
        return faults.add(self.spec["number"], kind, value, port)

    def heal(self, kinds=()) -> list[dict]:
        return faults.heal(self.spec["number"], kinds)

    # Oracles

    def entry(self) -> list[str]:
        """The command prefix that runs something inside, without ssh.

        Namespaces do not cover the clock, modules and devices: what the host's own
        processes may not touch is given up here too, before the command starts.
        """
        return ["nsenter", "-t", str(self._init()), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w",
                "setpriv", f"--bounding-set={','.join(f'-{name}' for name in rootfs.FORBIDDEN)}",
                "env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]

    def run(self, command, check=False, seconds=60, **options) -> subprocess.CompletedProcess:
        options = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, **options}
        return subprocess.run([*self.entry(), *command], check=check, timeout=seconds, **options)

    def _init(self) -> int:
        init = self.status()["init"]
        if not init:
            raise LabError(f"the host {self.name} is off")
        return init

    def _server(self):
        return servers.SERVERS[self.spec["sshd"]]()

    def _listens(self, init: int) -> bool:
        return processes.listens(init, self.spec["port"])

    def _wait_for_listener(self, booting_for=0.0) -> None:
        init = self._init()
        kernel.wait_for(lambda: self._listens(init) and processes.listener(init),
                        _LISTEN_SECONDS + booting_for,
                        f"sshd on {self.name} ({self.log().strip()[-200:] or 'no log'}) listening")


def _prepare(directory: pathlib.Path, name: str, number: int, sshd: str, wish: dict) -> None:
    people = accounts.users(wish["shell"], wish["names"], wish["shells"])
    server = servers.SERVERS[sshd]()
    sets = {server.package_set, "host", *inits.package_sets(wish["init"])} | {
        set_name for set_name in _SHELL_SETS
        if any(pathlib.PurePath(user.shell).name == set_name for user in people)}
    for set_name in sets:
        packages.layers(set_name)
    _make_session_layer()
    for made in ("mnt", "hostkeys", "record"):
        (directory / made).mkdir()
    (directory / "record" / "ledger").touch()
    (directory / "record" / "ledger").chmod(0o666)
    shutil.copy(pathlib.Path(__file__).with_name("inetd.py"), directory / "record" / "inetd.py")
    _write_spec(directory, {
        "name": name, "number": number, "sshd": sshd, "port": wish["port"],
        "sshd_options": wish["sshd_options"], "icmp": wish["icmp"], "disk": wish["disk"],
        "init": wish["init"], "logind_options": wish["logind_options"],
        "users": [user.as_json() for user in people], "machine_id": uuid.uuid4().hex,
        "host_keys": server.make_host_keys(directory / "hostkeys"),
        "authorized_keys": keys.authorized_keys(), "package_sets": sorted(sets), "booting_for": 0})


def _make_session_layer() -> None:
    layer = session_directory() / "layer"
    if not layer.is_dir():
        scratch = session_directory() / f".layer-{os.getpid()}-{threading.get_ident()}"
        rootfs.make_layer(scratch)
        try:
            scratch.rename(layer)
        except OSError:
            shutil.rmtree(scratch)  # another host's `up` was faster


def _write_spec(directory: pathlib.Path, spec: dict) -> None:
    scratch = directory / ".spec"
    scratch.write_text(json.dumps(spec))
    scratch.rename(directory / "spec.json")


def _discard(directory: pathlib.Path, number: int) -> None:
    try:
        pid = int((directory / "machine.pid").read_text())
        processes.send([pid], signal.SIGKILL)  # its host dies with it
    except (OSError, ValueError):
        pass
    shutil.rmtree(directory, ignore_errors=True)
    wire.give_number_back(number)
