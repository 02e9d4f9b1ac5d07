"""The hardware of one namespace host: a process that boots it, cuts it and watches it.

It outlives the command that made the host, holds the host's disk, and is the parent of
the host's init. When init ends by itself the kernel says how: reboot(2) in a pid
namespace ends it with SIGHUP, power-off with SIGINT. So `reboot` typed inside works.
Commands come as one JSON line on the socket `control`, answered by one line.
"""

import json
import os
import pathlib
import select
import signal
import socket
import time
import traceback
import uuid

from . import cgroups, inits, kernel, packages, rootfs, wire
from .disk import Disk
from .places import LabError

_BOOT_SECONDS = 20


class Machine:
    """Lives in its own process from `serve` on; nothing here runs in the caller."""

    def __init__(self, directory: pathlib.Path, spec: dict):
        self._directory, self._spec = directory, spec
        self._address = wire.Address(spec["number"])
        # Each once, also when two sets name it: overlay refuses the same layer twice.
        self._layers = list(dict.fromkeys(layer for name in spec["package_sets"] for layer in packages.layers(name)))
        self._disk = Disk(directory.parents[1] / "disks" / spec["name"], spec["disk"])
        self._cgroup = None       # of a host with systemd
        self._init = 0            # pid of the host's process 1, 0 while off
        self._init_fd = -1
        self._boots = 0
        self._power_on_at = None  # monotonic; set while a cut host waits for its power

    def serve(self, listener: socket.socket) -> None:
        while True:
            waiting = [listener] + ([self._init_fd] if self._init else [])
            pause = None
            if self._power_on_at is not None:
                pause = max(0.0, self._power_on_at - time.monotonic())
            ready, _, _ = select.select(waiting, [], [], pause)
            if self._init_fd in ready:
                self._ended_by_itself()
            if self._power_on_at is not None and time.monotonic() >= self._power_on_at:
                self._boot()
            if listener in ready:
                connection, _ = listener.accept()
                with connection:
                    if not self._answer(connection):
                        return

    def _answer(self, connection: socket.socket) -> bool:
        with connection.makefile("rw") as stream:
            request = json.loads(stream.readline() or "{}")
            try:
                reply = self._do(request)
            except (OSError, LabError) as error:
                traceback.print_exc()
                reply = {"error": str(error)}
            stream.write(json.dumps(reply) + "\n")
        return request.get("do") != "remove"

    def _do(self, request: dict) -> dict:
        verb = request.get("do")
        self._spec["booting_for"] = request.get("booting_for", 0)
        if verb in ("off", "cut", "remove"):
            self._cut()
        if verb == "off":
            wire.reserve(self._address, request.get("unreachable", False))
        if verb == "on" and not self._init:
            self._boot()
        if verb == "cut":
            self._power_on_at = time.monotonic() + request.get("down_for", 0)
            if not request.get("down_for"):
                self._boot()
        if verb == "orderly" and self._init:
            os.kill(self._init, inits.reboot_signal(self._spec["init"]))
        if verb == "remove":
            self._disk.remove()
            if self._cgroup:
                cgroups.remove(self._cgroup)
            wire.release(self._address)
        return {"power": "on" if self._init else "off", "init": self._init, "boots": self._boots,
                "boot_id": (self._directory / "boot_id").read_text().strip() if self._init else None}

    def _ended_by_itself(self) -> None:
        status = self._reap()
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGHUP:
            self._boot()

    def _cut(self) -> None:
        """Unplug first: a box without power does not say goodbye to its peers."""
        self._power_on_at = None
        if not self._init:
            return
        wire.unplug(self._address)
        self._disk.cut_power(f"/proc/{self._init}/root/var")
        os.kill(self._init, signal.SIGKILL)
        self._reap()

    def _reap(self) -> int:
        _, status = os.waitpid(self._init, 0)  # returns when every process of the host is gone
        os.close(self._init_fd)
        self._init = 0
        wire.unplug(self._address)
        self._disk.wait_until_unmounted()
        return status

    def _boot(self) -> None:
        self._power_on_at = None
        (self._directory / "boot_id").write_text(f"{uuid.uuid4()}\n")
        wire.reserve(self._address)
        if self._spec["init"] == "systemd":
            self._cgroup = cgroups.make(self._directory.parents[1], self._spec["name"])
        born_read, born_write = os.pipe()
        plugged_read, plugged_write = os.pipe()
        kernel.unshare(kernel.NEWPID)
        init = os.fork()
        if init == 0:
            os.close(born_read)
            os.close(plugged_write)
            _become_init(self, born_write, plugged_read)
        kernel.enter("/proc/self/ns/pid", kernel.NEWPID)
        os.close(born_write)
        os.close(plugged_read)
        try:
            self._init, self._init_fd = init, os.pidfd_open(init)
            if os.read(born_read, 1) == b"+":
                wire.plug(self._address, init)
                os.write(plugged_write, b"+")
            words = _read_all(born_read)
        finally:
            os.close(born_read)
            os.close(plugged_write)
        if words:
            self._reap()
            raise LabError(f"the host did not boot: {words}")
        self._boots += 1
        self._link_root()

    def _link_root(self) -> None:
        scratch = self._directory / ".root"
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(f"/proc/{self._init}/root")
        scratch.rename(self._directory / "root")

    def bring_up(self, born: int, plugged: int) -> None:
        """In the host's process 1: namespaces, root, network; then it becomes the init asked for."""
        kernel.die_with_parent(signal.SIGKILL)
        os.setsid()
        kernel.unshare(kernel.NEWNS | kernel.NEWUTS | kernel.NEWIPC | kernel.NEWNET)
        os.write(born, b"+")
        if os.read(plugged, 1) != b"+":
            raise LabError("the wire could not be plugged in")
        if not self._spec["icmp"]:
            for key in ("ipv4/icmp_echo_ignore_all", "ipv6/icmp/echo_ignore_all"):
                pathlib.Path("/proc/sys/net", key).write_text("1")
        wire.run(["ip", "-batch", "-"], wire.machine_end(self._address))
        if self._cgroup:
            cgroups.enter(self._cgroup)
        rootfs.assemble(self._spec, self._directory, self._disk, self._layers)
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.execve(*inits.command(self._spec["init"]))


def _become_init(machine: Machine, born: int, plugged: int) -> None:
    """Never returns; what went wrong goes up the pipe that a successful exec closes."""
    try:
        machine.bring_up(born, plugged)
    except BaseException as error:  # pylint: disable=broad-except
        traceback.print_exc()
        os.write(born, f"{error}".encode())
    finally:
        os._exit(1)


def _read_all(fd: int) -> str:
    words = b""
    deadline = time.monotonic() + _BOOT_SECONDS
    while True:
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return f"nothing happened for {_BOOT_SECONDS} s"
        piece = os.read(fd, 4096)
        if not piece:
            return words.decode()
        words += piece
