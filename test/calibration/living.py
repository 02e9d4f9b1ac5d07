# SPDX-License-Identifier: Apache-2.0
"""Labelled episodes on real hosts of the lab: something breaks, or nothing, and is looked at again and again. One
line for each look, as test/calibration/episodes.cpp has them; `tools/calibrate live` judges them.

    lab/enter /usr/bin/python3 -B test/calibration/living.py EPISODES SEED AT-A-TIME"""

import concurrent.futures
import math
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lab"), os.environ.get("VMC_PYTHON_PACKAGE") or str(ROOT / "build" / "release" / "python")]

import vm_connection  # noqa: E402
from vmlab import host as lab_host  # noqa: E402

LOOKS = 7
COLUMNS = ("seed", "cause", "alive", "verdict", "claim", "named", "confidence", "misses", "phi", "since", "took",
           "cause-before", "alive-before", "fails")


def fault(kind, value=None, port=None):
    return lambda at: at.fault(kind, value, port)


def inside(line):
    return lambda at: at.run(["sh", "-c", line])


def sshd(verb):
    return lambda at: at.sshd(verb)


def nothing(at):
    pass


# cause, how often, whether the system is alive behind it, how it begins
PLOTS = [
    ("none", 6, True, nothing),
    ("path-dead", 3, True, fault("drop")),
    ("path-dead", 1, True, fault("drop-in")),
    ("path-dead", 1, True, fault("drop-out")),
    ("port-filtered", 2, True, fault("drop-new", None, 22)),
    ("port-filtered", 2, True, fault("drop-tcp")),
    ("port-rejected", 2, True, fault("reject-icmp")),
    ("mtu", 1, True, fault("mtu", 1000)),
    ("lossy", 2, True, fault("loss", 25)),
    ("sshd-down", 3, True, sshd("stop")),
    ("sshd-hung", 3, True, sshd("freeze")),
    ("session-killed", 2, True, sshd("kill-sessions")),
    ("vm-off", 5, False, lambda at: at.power_off()),
    ("vm-off", 2, False, lambda at: at.power_off(unreachable=True)),
    ("host-key-changed", 1, True, lambda at: (at.new_host_keys(), at.sshd("kill-sessions"))),
    ("disk-hung", 2, True, inside("fsfreeze -f /var")),
    ("disk-full", 2, True, inside("dd if=/dev/zero of=/var/fill bs=1M 2>/dev/null; :")),
    ("auth-denied", 1, True, inside("find /root /etc/ssh -name 'authorized_keys*' -exec mv {} {}.away ';'")),
]


class Monitor:
    """What people use instead: a TCP connect each second, judged by three misses, or by phi-accrual at 8."""

    def __init__(self, address):
        self._address, self._gaps, self._last, self._missed = address, [], None, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self._thread.start()

    def _beat(self):
        while not self._over.is_set():
            begun = time.monotonic()
            try:
                with socket.create_connection(self._address, 1) as one:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self._heard()
            except OSError:
                self._missed += 1
            self._over.wait(max(0.0, begun + 1 - time.monotonic()))

    def _heard(self):
        now, self._missed = time.monotonic(), 0
        if self._last is not None:
            self._gaps.append(now - self._last)
        self._last = now

    @property
    def misses(self):
        return self._missed < 3

    @property
    def phi(self):
        gaps = list(self._gaps)
        if len(gaps) < 3:
            return self._missed < 3
        mean = sum(gaps) / len(gaps)
        spread = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
        late = 0.5 * math.erfc((time.monotonic() - self._last - mean) / (max(spread, 0.1) * math.sqrt(2)))
        return -math.log10(max(late, 1e-300)) < 8

    def end(self):
        self._over.set()
        self._thread.join()


def play(seed):
    """The rows of one episode."""
    chance = random.Random(f"episode {seed}")
    cause, _, alive, begin = chance.choices(PLOTS, [plot[1] for plot in PLOTS])[0]
    at = lab_host.Host.up(icmp=chance.random() < 0.8)
    facts = at.describe()
    known = cause in ("session-killed", "host-key-changed") or chance.random() < 0.8
    one = vm(facts)
    monitor = Monitor((facts["address"], facts["port"]))
    try:
        if known:
            one.diagnose()
            time.sleep(chance.uniform(1, 6))
        begin(at)
        return list(look(seed, cause, alive, one if known else None, facts, monitor, chance))
    finally:
        one.close()
        monitor.end()
        at.heal()
        if alive:
            at.run(["sh", "-c", "fsfreeze -u /var 2>/dev/null; :"])
        at.down()


def vm(facts):
    return vm_connection.VMConnection(facts["address"], "root", str(facts["key"]), facts["port"])


def look(seed, cause, alive, held, facts, monitor, chance):
    begun = time.monotonic()
    for turn in range(LOOKS):
        time.sleep(chance.uniform(0.2, 2 + turn))
        asked = time.monotonic()
        one = held or vm(facts)
        found = one.diagnose()
        row = (seed, cause, int(alive), found.verdict, int(found.health.claim), found.cause,
               f"{found.health.confidence:.6f}", int(monitor.misses), int(monitor.phi), f"{asked - begun:.3f}",
               f"{time.monotonic() - asked:.3f}", cause, int(alive),
               "; ".join(f"{each.check}: {each.detail}" for each in found.health.evidence if each.answer == "fails"))
        if held is None:
            one.close()
        yield "\t".join(map(str, row))


def play_apart(seed):
    """In a process of its own, with a state directory of its own: the next host here has another key."""
    with tempfile.TemporaryDirectory(prefix="calibrate-") as state:
        ended = subprocess.run(["/usr/bin/python3", "-B", __file__, str(seed)], capture_output=True, text=True,
                               env={**os.environ, "XDG_STATE_HOME": state}, check=False, timeout=300)
    return ended.stdout if ended.returncode == 0 else f"# {seed}: {ended.stderr.splitlines()[-1:]}\n"


def main():
    if len(sys.argv) == 2:
        print("\n".join(play(int(sys.argv[1]))))
        return
    episodes, seed, at_a_time = map(int, sys.argv[1:4])
    print("\t".join(COLUMNS), flush=True)
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        for rows in pool.map(play_apart, range(seed, seed + episodes)):
            print(rows, end="", flush=True)


if __name__ == "__main__":
    main()
