"""Where the lab keeps things, and how it says that it cannot go on."""

import os
import pathlib

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SESSION_VARIABLE = "VMLAB_SESSION"


class LabError(Exception):
    """One sentence for the person who ran the command; never a traceback."""


def build_directory() -> pathlib.Path:
    """build/lab of this repository, or VMLAB_STATE (`--state DIR`)."""
    directory = pathlib.Path(os.environ.get("VMLAB_STATE") or REPOSITORY / "build" / "lab")
    directory.mkdir(parents=True, exist_ok=True)
    return directory.resolve()


def guest_cache() -> pathlib.Path:
    """Unpacked packages and built images: content-addressed, shared by every checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    directory = pathlib.Path(base) / "vm-connection" / "guest"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"the cache {directory} cannot be made: {error.strerror}") from error
    return directory


def in_session() -> bool:
    return SESSION_VARIABLE in os.environ


def session_directory() -> pathlib.Path:
    """The running session's directory; there is one only inside `lab/enter`."""
    path = os.environ.get(SESSION_VARIABLE)
    if not path or not os.path.isdir(path):
        raise LabError("there is no lab session here: run this inside `lab/enter COMMAND`")
    return pathlib.Path(path)


def need_root() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab needs root: run it with sudo")
