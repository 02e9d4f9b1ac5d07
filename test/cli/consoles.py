# SPDX-License-Identifier: Apache-2.0
"""Consoles for the tests of vmc console: a serial port as QEMU serves it, and who follows it."""

import json
import os
import pathlib
import queue
import re
import signal
import socket
import threading
import time

import pytest

HOST = "root@192.0.2.9"
PATIENCE = 40  # on a machine that is busy with other things
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ")


class Serial:
    """QEMU's end of a serial port: serves one client at a time."""

    def __init__(self, path):
        self.path = os.fspath(path)
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen(1)
        self.server.settimeout(PATIENCE)
        self.peer = None

    def accept(self):
        self.peer, _ = self.server.accept()
        self.peer.settimeout(PATIENCE)
        return self

    def says(self, text):
        self.peer.sendall(text.encode() if isinstance(text, str) else text)
        return self

    def peer_is_gone(self):
        return self.peer.recv(1) == b""

    def ends(self):
        if self.peer:
            self.peer.close()
        self.server.close()
        os.unlink(self.path)


class Follower:
    """vmc console --follow, whose lines are waited for."""

    def __init__(self, vmc, *words):
        self.process = vmc.start("console", HOST, "--follow", *words)
        self.lines, self.seen = queue.Queue(), []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.decode())
        self.lines.put(None)

    def until(self, text):
        """The lines up to the first that holds the text."""
        found = []
        while not found or text not in found[-1]:
            line = self.lines.get(timeout=PATIENCE)
            assert line is not None, (text, self.seen, self.process.communicate())
            self.seen.append(line)
            found.append(line)
        return found

    def ends(self, number=signal.SIGINT):
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return code


@pytest.fixture
def source(vmc, tmp_path):
    """Names a console of some type, and gives the path it is at."""
    def name(kind, value=None):
        value = value if value is not None else os.fspath(tmp_path / "console")
        key = "command" if kind == "command" else "path"
        vmc.settings(f'[host."{HOST}".console]\ntype = "{kind}"\n{key} = {json.dumps(value)}\n')
        return pathlib.Path(value) if isinstance(value, str) else value

    return name


def texts(out):
    """What the console said, without stamps; our own notes are left out."""
    assert all(STAMP.match(line) for line in out.splitlines()), out
    lines = [STAMP.sub("", line, count=1) for line in out.splitlines()]
    return [line for line in lines if not line.startswith("-- ")]


def wait_until(holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)  # nobody tells when a process has gone
