"""A part of the machine's cgroup tree for hosts with systemd, and its removal.

Version 2, mounted by ourselves: whatever the machine has under /sys/fs/cgroup stays as it is. Each session
has one directory at the top of the tree, each host one in that; no controllers are asked for.
"""

import os
import pathlib

from . import kernel
from .places import LabError

_EMPTY_SECONDS = 5


def make(session: pathlib.Path, host: str) -> pathlib.Path:
    """The host's directory, which must be empty of processes; mounted in the caller's mount namespace."""
    tree = session / "cgroup"
    if not tree.is_dir():
        tree.mkdir()
    if not os.path.ismount(tree):
        try:
            kernel.mount("cgroup2", str(tree), "cgroup2")
        except OSError as error:
            raise LabError(f"this machine gives no cgroups of version 2: {error.strerror}") from error
    directory = tree / _name_of(session) / host
    remove(directory)
    directory.mkdir(parents=True)
    return directory


def enter(directory: pathlib.Path) -> None:
    """The calling process moves into it, and sees it as the top of the tree from then on."""
    (directory / "cgroup.procs").write_text("0")
    kernel.unshare(kernel.NEWCGROUP)


def remove(directory: pathlib.Path) -> None:
    """It and all below it; what ended a moment ago may still be on its way out."""
    for path, _, _ in os.walk(directory, topdown=False):
        kernel.wait_for(lambda path=path: _removed(path), _EMPTY_SECONDS, f"the end of what runs in {path}")


def remove_session(session: pathlib.Path) -> None:
    """By a child with a mount of its own: our caller is in the machine's mount namespace."""
    if not (session / "cgroup").is_dir():
        return
    child = os.fork()
    if child == 0:
        try:
            kernel.unshare(kernel.NEWNS)
            kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
            kernel.mount("cgroup2", str(session / "cgroup"), "cgroup2")
            remove(session / "cgroup" / _name_of(session))
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _name_of(session: pathlib.Path) -> str:
    return f"vmlab-{session.name}"


def _removed(path: str) -> bool:
    try:
        os.rmdir(path)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True
