"""Finding and signalling the SSH server's processes of one host, by pid."""

import os
import pathlib
import signal

from . import servers
from .places import LabError


def listener(init: int) -> int:
    """The listener's pid as seen from here; 0 when none runs."""
    try:
        inside = int(pathlib.Path(f"/proc/{init}/root{servers.PID_FILE}").read_text())
    except (OSError, ValueError):
        return 0
    for pid, inner in _of_host(init):
        if inner == inside:
            return pid
    return 0


def sessions(init: int) -> list[int]:
    """Every server process but the listener: one or two per connection."""
    main = listener(init)
    return [pid for pid, _ in _of_host(init) if pid != main and _name(pid) in servers.PROCESS_NAMES]


def send(pids, number: signal.Signals) -> list[int]:
    """Signal them; returns those that were there to receive it."""
    reached = []
    for pid in pids:
        try:
            os.kill(pid, number)
            reached.append(pid)
        except ProcessLookupError:
            pass
    return reached


def listens(init: int, port: int) -> bool:
    """Whether a TCP socket listens on the port; asks the kernel, so the server logs nothing."""
    wanted = f":{port:04X}"
    for table in ("tcp", "tcp6"):
        try:
            lines = pathlib.Path(f"/proc/{init}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[1].endswith(wanted) and fields[3] == "0A":
                return True
    return False


def _of_host(init: int):
    """(pid here, pid inside) of every process in the host's pid namespace."""
    try:
        wanted = os.stat(f"/proc/{init}/ns/pid").st_ino
    except OSError as error:
        raise LabError("the host is off") from error
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            if os.stat(f"/proc/{name}/ns/pid").st_ino != wanted:
                continue
            for line in pathlib.Path(f"/proc/{name}/status").read_text().splitlines():
                if line.startswith("NSpid:"):
                    yield int(name), int(line.split()[-1])
        except OSError:
            continue  # it ended meanwhile


def _name(pid: int) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
