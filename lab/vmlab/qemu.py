"""QEMU's command line for a lab VM, and the process that runs it."""

import os
import pathlib
import shutil
import signal
import subprocess

from . import kernel, kernel_image, qmp, wire
from .places import LabError, session_directory

_PROGRAM = "qemu-system-x86_64"
# psi=1: Debian builds it in. unknown_nmi_panic: an injected NMI is a crash, as on servers.
_KERNEL_ARGUMENTS = ("console=ttyS0 quiet psi=1 random.trust_cpu=on net.ifnames=0 "
                     "mitigations=off unknown_nmi_panic rdinit=/init")
_END_SECONDS = 10


def check() -> None:
    if not shutil.which(_PROGRAM):
        raise LabError(f"{_PROGRAM} is missing: apt-get install qemu-system-x86")


def arguments(spec: dict) -> list[str]:
    """Paths are relative to the VM's directory: QEMU runs there."""
    network = f"tap,id=n0,ifname={wire.Address(spec['number']).link},script=no,downscript=no"
    if spec["net"] == "user":
        network = f"user,id=n0,hostfwd=tcp:127.0.0.1:{spec['port']}-:22"
    return [
        _PROGRAM, "-name", spec["name"], "-nodefaults", "-no-user-config", "-display", "none",
        "-machine", "pc", "-accel", "tcg,thread=multi", "-cpu", "max,la57=off", "-smp", "1",
        "-m", str(spec["memory"]), "-uuid", spec["uuid"],
        "-kernel", str(kernel_image.path()), "-initrd", "initramfs.cpio",
        "-append", f"{_KERNEL_ARGUMENTS} {spec['append']}".strip(),
        "-chardev", "file,id=console,path=console.log,append=on", "-serial", "chardev:console",
        "-qmp", "unix:qmp.sock,server=on,wait=off", "-qmp", "unix:lab.sock,server=on,wait=off",
        "-netdev", network, "-device", f"virtio-net-pci,netdev=n0,mac={spec['mac']},romfile=",
        "-drive", "file=disk.img,format=raw,if=none,id=d0,cache=writeback",
        "-device", "virtio-blk-pci,drive=d0", "-device", "virtio-rng-pci",
        "-device", "pvpanic-pci", "-action", f"panic={spec['on_panic']}",
        *spec["qemu_options"],
    ]


def start(directory: pathlib.Path, spec: dict) -> None:
    """Detached from the caller; ended by `stop`, or with the session it belongs to."""
    for name in ("qmp.sock", "lab.sock"):
        (directory / name).unlink(missing_ok=True)

    def enter_wire():
        if spec["net"] == "tap":
            kernel.enter(f"{session_directory()}/wire.net", kernel.NEWNET)
    with open(directory / "qemu.log", "ab") as log:
        process = subprocess.Popen(arguments(spec), cwd=directory, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log, start_new_session=True,
                                   preexec_fn=enter_wire)

    def speaks():
        if process.poll() is not None:
            words = (directory / "qemu.log").read_text().strip().splitlines()
            raise LabError(f"QEMU ended: {words[-1] if words else process.returncode}")
        try:  # the socket is there early; an answer means every device is
            return bool(qmp.execute(directory / "lab.sock", "query-status"))
        except LabError:
            return False
    kernel.wait_for(speaks, _END_SECONDS, "QEMU's start")
    (directory / "pid").write_text(f"{process.pid} {_start_time(process.pid)}\n")
    process.returncode = 0  # not ours to wait for: it outlives this command


def pid(directory: pathlib.Path) -> int:
    """Of the running QEMU, or 0. The start time guards against a reused number."""
    try:
        number, started = (directory / "pid").read_text().split()
        return int(number) if _start_time(int(number)) == started else 0
    except (OSError, ValueError, IndexError):
        return 0


def stop(directory: pathlib.Path) -> None:
    """A power cut: what the guest had not given to its disk is lost."""
    number = pid(directory)
    if number:
        os.kill(number, signal.SIGKILL)
        kernel.wait_for(lambda: not pid(directory), _END_SECONDS, "QEMU's end")


def _start_time(number: int) -> str:
    """Field 22 of /proc/PID/stat; a zombie has ended, whoever still has to reap it."""
    fields = pathlib.Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    if fields[0] in "ZX":
        raise ValueError("ended")
    return fields[19]
