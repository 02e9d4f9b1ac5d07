"""Who is measured, and how each is called.

A client is a program that prints one line of JSON (bench/measure.h) for a mode and an
amount. Only `cold` is measured from outside: there, the whole process is the item.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

BENCH = pathlib.Path(__file__).resolve().parents[1]
PYTHON = "/usr/bin/python3"
LIMIT_SECONDS = 600

# The same for everybody, so that libraries are compared and not their taste in ciphers.
SAME = ["KexAlgorithms curve25519-sha256", "Ciphers aes128-gcm@openssh.com"]


class Failed(Exception):
    """One sentence: what did not run, and what it said."""


class Client:
    """`cold` maps the name of a cold row to a command line."""

    def __init__(self, name, program, address, cold):
        self.name = name
        self._command = [*program, *address]
        self._cold = cold

    def measure(self, mode, amount):
        """The client's own figures, or nothing where this client has no such mode."""
        if mode.startswith("cold"):
            return self._run_whole(self._cold[mode], amount) if mode in self._cold else None
        command = [*self._command, mode, str(amount)]
        try:
            status, printed, said = _finish(command)
            if status == 0:
                return json.loads(printed)
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise Failed(f"{self.name}, {mode}: {error}") from error
        words = (said.strip().splitlines() or ["it said nothing"])[-1]
        raise Failed(f"{self.name}, {mode}: status {status}: {words}")

    def _run_whole(self, command, count):
        each, cpu = [], 0.0
        for _ in range(count):
            start = time.monotonic()
            pid = _spawn(command)
            _, status, usage = os.wait4(pid, 0)
            each.append(time.monotonic() - start)
            cpu += usage.ru_utime + usage.ru_stime
            if status != 0:
                raise Failed(f"{self.name}: `{' '.join(command)}` ended with {os.waitstatus_to_exitcode(status)}")
        return {"items": count, "each": sorted(each)[count // 2], "bytes": 0, "wall": sum(each),
                "cpu_user": cpu, "cpu_sys": 0, "rss": 0, "private": 0}


def _finish(command):
    """(status, stdout, stderr). Whatever interrupts us, it is asked to end, so that it ends its own."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        try:
            printed, said = process.communicate(timeout=LIMIT_SECONDS)
        except BaseException:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
        return process.returncode, printed, said


def _spawn(command) -> int:
    with open(os.devnull, "r+b") as null:
        return os.posix_spawn(command[0], command, os.environ,
                              file_actions=[(os.POSIX_SPAWN_DUP2, null.fileno(), 0),
                                            (os.POSIX_SPAWN_DUP2, null.fileno(), 1)])


def all_of(server, program_of):
    """(clients, sentences about optional peers that are missing).

    `program_of(target)` is the path of a program of ours, or nothing where it was not built.
    """
    address = [server.host, str(server.port), server.user, str(server.key), str(server.known_hosts)]
    same, defaults = server.ssh_config("same", SAME), server.ssh_config("defaults")
    clients, missing = [], []

    if program_of("vmc_client"):
        vmc = program_of("vmc")
        cold = {"cold": _vmc_exec(vmc, same), "cold defaults": _vmc_exec(vmc, defaults)} if vmc else {}
        clients.append(Client("vmc", [str(program_of("vmc_client"))], address, cold))
    if program_of("floor"):
        floor = str(program_of("floor"))
        clients.append(Client("floor", [floor], address, {"cold": [floor, *address, "once", "1"]}))
    for name in ("asyncssh", "paramiko"):
        if not _has_module(name):
            missing.append(f"{name} is not measured: it is not installed (apt-get install python3-{name})")
            continue
        script = [PYTHON, str(BENCH / "peers" / f"{name}_client.py")]
        clients.append(Client(name, script, address, {"cold": [*script, *address, "once", "1"]}))
    ssh = shutil.which("ssh")
    if ssh:
        script = [PYTHON, str(BENCH / "peers" / "openssh_client.py")]
        clients.append(Client("ssh", script, [str(same)], {
            "cold": [ssh, "-F", str(same), "bench", "true"],
            "cold defaults": [ssh, "-F", str(defaults), "bench", "true"]}))
    else:
        missing.append("ssh is not measured: it is not installed (apt-get install openssh-client)")
    return clients, missing


def _vmc_exec(vmc, config):
    return [str(vmc), "exec", "-F", str(config), "bench", "--", "true"]


def _has_module(name) -> bool:
    return subprocess.run([PYTHON, "-W", "ignore", "-c", f"import {name}"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
