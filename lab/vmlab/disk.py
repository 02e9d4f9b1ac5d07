"""A host's disk: ext4 on a loop device over a file in memory.

A real filesystem of its own, so that a power cut can lose what was not synced
(EXT4_IOC_SHUTDOWN without flushing the log), and so that filling it, freezing it or
remounting it read-only in a test cannot reach the machine's disk.
"""

import errno
import fcntl
import os
import pathlib
import stat
import struct
import subprocess

from . import kernel
from .places import LabError

_LOOP_CTL_GET_FREE = 0x4C82
_LOOP_CONFIGURE = 0x4C0A
_LO_FLAGS_AUTOCLEAR = 4
_LOOP_CONFIG_SIZE = 304       # struct loop_config: fd, block size, loop_info64, 8 reserved words
_LO_FLAGS_OFFSET = 8 + 52     # of loop_info64.lo_flags in it
_LOOP_MAJOR = 7
_EXT4_IOC_SHUTDOWN = 0x8004587D
_GOING_DOWN_WITHOUT_FLUSHING = 2
_RELEASE_SECONDS = 10


class Disk:
    """Owned by the host's machine process; the loop device lives as long as its descriptor."""

    def __init__(self, image: pathlib.Path, mebibytes: int):
        self._image = image
        if not image.exists():
            with open(image, "wb") as file:
                file.truncate(mebibytes << 20)
            done = subprocess.run(
                ["mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-b", "4096", "-J", "size=4",
                 "-E", "lazy_itable_init=1,nodiscard", str(image)],
                capture_output=True, text=True, timeout=60)
            if done.returncode != 0:
                raise LabError(f"mke2fs failed: {done.stderr.strip()}")
        self._fd, self.device = _attach(image)

    def mount(self, target: str) -> None:
        kernel.mount(self.device, target, "ext4", 0)

    def cut_power(self, any_path_on_it: str) -> None:
        """From now on no write reaches the image; what was not synced is lost."""
        try:
            fd = os.open(any_path_on_it, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return  # unmounted already
        try:
            fcntl.ioctl(fd, _EXT4_IOC_SHUTDOWN, struct.pack("I", _GOING_DOWN_WITHOUT_FLUSHING))
        finally:
            os.close(fd)

    def wait_until_unmounted(self) -> None:
        """Mounting earlier would give the same dead superblock again."""
        live = pathlib.Path("/sys/fs/ext4") / self.device.rsplit("/", 1)[1]
        kernel.wait_for(lambda: not live.exists(), _RELEASE_SECONDS, f"unmounting {self.device}")

    def remove(self) -> None:
        os.close(self._fd)
        self._image.unlink(missing_ok=True)


def _attach(image: pathlib.Path) -> tuple[int, str]:
    backing = os.open(image, os.O_RDWR | os.O_CLOEXEC)
    control = _open_loop_control()
    try:
        for _ in range(200):  # another process may take the free number first
            number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
            device = _device_node(number, image.parent)
            loop = os.open(device, os.O_RDWR | os.O_CLOEXEC)
            config = bytearray(_LOOP_CONFIG_SIZE)
            struct.pack_into("I", config, 0, backing)
            struct.pack_into("I", config, _LO_FLAGS_OFFSET, _LO_FLAGS_AUTOCLEAR)
            try:
                fcntl.ioctl(loop, _LOOP_CONFIGURE, bytes(config))
                return loop, device
            except OSError as error:
                os.close(loop)
                if error.errno != errno.EBUSY:
                    raise LabError(f"no loop device can be set up: {error.strerror}") from error
        raise LabError("no loop device is free")
    finally:
        os.close(control)
        os.close(backing)


def _open_loop_control() -> int:
    try:
        return os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise LabError("this machine has no loop devices: modprobe loop, "
                       "or run the container with --privileged") from error


def _device_node(number: int, directory: pathlib.Path) -> str:
    """Containers have a /dev that does not grow with the kernel's devices."""
    path = f"/dev/loop{number}"
    if os.path.exists(path):
        return path
    own = directory / f"loop{number}"
    if not own.exists():
        os.mknod(own, 0o600 | stat.S_IFBLK, os.makedev(_LOOP_MAJOR, number))
    return str(own)
