"""`lab/enter COMMAND`: a private world in which hosts are made and tests run.

One pid namespace holds everything, and its init dies with whoever started it: not
even SIGKILL of the outer process can leave a host, a mount or an interface behind.
The command runs in the *client* network namespace. A second one, the *wire*, routes
between the client and every host; faults are put there, so that neither end's kernel
notices them in a way a real network would not show (a drop in the client's own output
hook turns into EPERM for a ping).
"""

import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from . import cgroups, kernel, packages, wire
from .places import SESSION_VARIABLE, LabError, build_directory, need_root

_FORWARDED = (signal.SIGTERM, signal.SIGHUP)


def enter(command: list[str]) -> int:
    """Run the command in a fresh session; its exit status, 128+n for a signal."""
    need_root()
    for program in ("ip", "nft"):
        if not shutil.which(program):
            raise LabError(f"{program} is missing: apt-get install iproute2 nftables")
    packages.layers("host")  # while there is a way to the internet
    remove_stale_sessions()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="session-", dir=build_directory()))
    lock = _lock(directory)
    os.environ[SESSION_VARIABLE] = str(directory)
    try:
        kernel.unshare(kernel.NEWPID)
    except OSError as error:
        raise LabError(f"no namespaces may be made here ({error.strerror}): "
                       "a container needs --privileged") from error
    init = os.fork()
    if init == 0:
        os._exit(_init(directory, command))
    os.set_inheritable(lock, False)
    return _outlive(init, directory)


def remove_stale_sessions() -> None:
    """Files of sessions whose outer process was killed; their namespaces are gone already."""
    for directory in build_directory().glob("session-*"):
        try:
            os.close(_lock(directory))
        except OSError:
            continue  # alive
        cgroups.remove_session(directory)
        shutil.rmtree(directory, ignore_errors=True)


def _lock(directory: pathlib.Path) -> int:
    """Held for the session's life by its outer process; tells a live session from a stale one."""
    fd = os.open(directory / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd


def _outlive(init: int, directory: pathlib.Path) -> int:
    for number in _FORWARDED:
        signal.signal(number, lambda which, _frame: _pass_on(init, which))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the command itself
    _, status = os.waitpid(init, 0)
    kernel.enter("/proc/self/ns/pid", kernel.NEWPID)  # the session's takes no children any more
    cgroups.remove_session(directory)
    shutil.rmtree(directory, ignore_errors=True)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _pass_on(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # a signal to the whole process group reached it first


def _init(directory: pathlib.Path, command: list[str]) -> int:
    """Process 1 of the session: builds the world, runs the command, reaps orphans."""
    try:
        kernel.die_with_parent(signal.SIGKILL)
        _build(directory)
        signal.signal(signal.SIGINT, lambda *_: None)
        running = subprocess.Popen(command)  # kept: a forgotten Popen reaps its child itself
    except (OSError, LabError, subprocess.SubprocessError) as error:
        print(f"lab/enter: {error}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 125
    for number in _FORWARDED:
        signal.signal(number, lambda which, _frame: _pass_on(running.pid, which))
    while True:
        pid, status = os.wait()
        if pid == running.pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _build(directory: pathlib.Path) -> None:
    kernel.unshare(kernel.NEWNS)
    kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("proc", "/proc", "proc",
                 kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    for name in ("hosts", "vms", "numbers", "disks"):
        (directory / name).mkdir()
    # In memory: a disk flush in a host costs nothing, and a crash leaves nothing.
    kernel.mount("tmpfs", str(directory / "disks"), "tmpfs", kernel.MS_NOSUID, "mode=0700")
    wire.build(directory)
