"""The system calls Python 3.11 does not wrap: namespaces, mounts, prctl, sync.

Called through libc, because a host that boots in 0.2 s cannot afford one process
per mount. Every failure is an OSError with the call and its argument in it.
"""

import ctypes
import os
import time

from .places import LabError

NEWNS, NEWUTS, NEWIPC = 0x00020000, 0x04000000, 0x08000000
NEWPID, NEWNET, NEWCGROUP = 0x20000000, 0x40000000, 0x02000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP = 1, 24
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    _checked(_libc.unshare(flags), "unshare")


def enter(path: str, kind: int = 0) -> None:
    """setns(2) into the namespace a /proc/PID/ns file names."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _checked(_libc.setns(fd, kind), f"setns {path}")
    finally:
        os.close(fd)


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    _checked(
        _libc.mount(os.fsencode(source), os.fsencode(target), kind.encode(),
                    ctypes.c_ulong(flags), data.encode()),
        f"mount {source} on {target}")


def bind(source, target, read_only: bool = False) -> None:
    mount(str(source), str(target), flags=MS_BIND)
    if read_only:
        mount("", str(target), flags=MS_BIND | MS_REMOUNT | MS_RDONLY)


def unmount(target, flags: int = 0) -> None:
    _checked(_libc.umount2(os.fsencode(str(target)), flags), f"umount {target}")


def pivot_root(new_root: str) -> None:
    """Make new_root the root and drop the old one entirely."""
    os.chdir(new_root)
    number = _SYS_PIVOT_ROOT[os.uname().machine]
    _checked(_libc.syscall(number, b".", b"."), "pivot_root")
    unmount(".", MNT_DETACH)
    os.chdir("/")


def die_with_parent(signal_number: int) -> None:
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "prctl")


def drop_capabilities(numbers) -> None:
    """From the bounding set: what follows cannot get them back, not even by setuid."""
    for number in numbers:
        _checked(_libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0), "prctl")


def set_hostname(name: str) -> None:
    raw = name.encode()
    _checked(_libc.sethostname(raw, len(raw)), "sethostname")


def sync_filesystem(path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _checked(_libc.syncfs(fd), f"syncfs {path}")
    finally:
        os.close(fd)


def wait_for(condition, seconds: float, what: str, step: float = 0.003):
    """Poll what the kernel gives no event for; returns the first true answer.

    Only for states without a descriptor to select on (a socket starting to listen,
    a mount going away). The deadline makes a hang a sentence.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise LabError(f"{what} did not happen within {seconds:g} s")
        time.sleep(step)
