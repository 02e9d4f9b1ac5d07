"""The machine protocol of QEMU: one JSON line asks, one answers, events in between."""

import json
import os
import pathlib
import socket

from .places import LabError

_ANSWER_SECONDS = 20


def execute(path: pathlib.Path, command: str, arguments=None):
    """Run one command; returns its `return` member. Events that arrive meanwhile are dropped."""
    request = {"execute": command, **({"arguments": arguments} if arguments else {})}
    return exchange(path, request)


def exchange(path: pathlib.Path, request: dict):
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            directory = os.open(path.parent, os.O_DIRECTORY | os.O_CLOEXEC)
            try:  # a socket path holds 107 bytes; a checkout may lie deeper than that
                connection.connect(f"/proc/self/fd/{directory}/{path.name}")
            finally:
                os.close(directory)
            with connection.makefile("rw") as stream:
                _answer(stream)  # the greeting
                _ask(stream, {"execute": "qmp_capabilities"})
                return _ask(stream, request)
    except OSError as error:
        raise LabError(f"QEMU does not answer: {error}") from error


def _ask(stream, request: dict):
    stream.write(json.dumps(request) + "\n")
    stream.flush()
    reply = _answer(stream)
    if "error" in reply:
        raise LabError(f"QEMU: {reply['error'].get('desc', reply['error'])}")
    return reply["return"]


def _answer(stream) -> dict:
    while True:
        line = stream.readline()
        if not line:
            raise LabError("QEMU closed the connection")
        message = json.loads(line)
        if "event" not in message:
            return message
