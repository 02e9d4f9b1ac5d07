# SPDX-License-Identifier: Apache-2.0
"""Machines with a kernel of their own, and vmc as a person would run it against them."""

import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test"))
VMC = os.environ.get("VMC", str(ROOT / "build/release/bin/vmc"))
BOOT_WITHIN = 240  # seconds; 3 to 7 on an idle machine, emulated ones on a busy one take longer


def lab_vm(*words):
    done = subprocess.run([ROOT / "lab/vm", *words], stdout=subprocess.PIPE, timeout=BOOT_WITHIN, check=True)
    return json.loads(done.stdout) if done.stdout.strip().startswith(b"{") else done.stdout


class Vm:
    def __init__(self, home, name):
        self.name, self.home = name, home
        self.about = lab_vm("up", "--name", name, "--program", "tc", "--program", "nft")
        self.environment = {**os.environ, "HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
        self.host = f"{self.about['user']}@{self.about['address']}"

    def words(self, verb, *options):
        return [VMC, verb, "-i", self.about["key"], "-p", str(self.about["port"]), *map(os.fspath, options)]

    def vmc(self, verb, *rest, options=(), timeout=BOOT_WITHIN):
        return subprocess.run([*self.words(verb, *options), self.host, *rest], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)

    def start(self, verb, line, *options):
        return subprocess.Popen([*self.words(verb, *options), self.host, "--", line], env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def power(self, what):
        """on, off, cut, reset … as lab/vm has it; what it is afterwards."""
        return lab_vm("power", self.name, what)["power"]

    def console(self):
        return pathlib.Path(self.about["console"]).read_text(errors="replace").splitlines()

    def wait_for(self, word, times=1, within=BOOT_WITHIN):
        """Until the console has said the line `word` so often."""
        deadline = time.monotonic() + within
        while self.console().count(word) < times:
            assert time.monotonic() < deadline, (word, self.console()[-5:])
            time.sleep(0.05)


@pytest.fixture(scope="module")
def vm(request, tmp_path_factory):
    """One machine for a whole file, because a boot costs seconds."""
    name = request.module.__name__.removeprefix("test_").replace("_", "-")
    machine = Vm(tmp_path_factory.mktemp("home"), name)
    yield machine
    lab_vm("down", name)
