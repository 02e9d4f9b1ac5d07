"""Starting a machine process and talking to it."""

import json
import os
import pathlib
import signal
import socket
import traceback

from .machine import Machine
from .places import LabError

_ANSWER_SECONDS = 60


def start(directory: pathlib.Path, spec: dict) -> None:
    """Fork the machine process; it listens before this returns."""
    listener = socket.socket(socket.AF_UNIX)
    _at(directory, listener.bind)
    listener.listen(64)
    pid = os.fork()
    if pid == 0:
        try:
            _detach(directory, listener.fileno())
            Machine(directory, spec).serve(listener)
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
        finally:
            os._exit(0)
    listener.close()
    (directory / "machine.pid").write_text(f"{pid}\n")


def ask(directory: pathlib.Path, **request) -> dict:
    """One request, one answer; the machine's own words when it could not."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            _at(directory, connection.connect)
            with connection.makefile("rw") as stream:
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                line = stream.readline()
    except OSError as error:
        raise LabError(f"the machine of {directory.name} does not answer: {error}") from error
    if not line:
        words = (directory / "machine.log").read_text().strip().splitlines()
        raise LabError(f"the machine of {directory.name} ended: {words[-1] if words else 'silently'}")
    reply = json.loads(line)
    if "error" in reply:
        raise LabError(reply["error"])
    return reply


def _at(directory: pathlib.Path, act) -> None:
    """A socket path holds 107 bytes; a checkout may lie deeper than that."""
    fd = os.open(directory, os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        act(f"/proc/self/fd/{fd}/control")
    finally:
        os.close(fd)


def _detach(directory: pathlib.Path, keep: int) -> None:
    """Let go of the caller's terminal, pipes and working directory."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.chdir("/")
    log = os.open(directory / "machine.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != keep:
            try:
                os.close(int(name))
            except OSError:
                pass  # the descriptor of the listing itself
