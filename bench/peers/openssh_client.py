#!/usr/bin/python3
"""The comparison's client over openssh-client: a ControlMaster, and one `ssh` process per command.

usage: openssh_client.py SSH_CONFIG connect|exec|hold|stream N

The host is called `bench` in SSH_CONFIG. What is measured are the ssh processes, not this
script: CPU by wait4, and for the master by /proc; both are printed as cpu_user, unsplit.
"""

import contextlib
import fcntl
import os
import signal
import statistics
import sys
import tempfile
import time

from measure import cpu_of, peak_rss_bytes, print_fields, private_bytes

_START_SECONDS = 20
_PIPE_BYTES = 1 << 20


def spawn(words, stdout=None):
    with open(os.devnull, "r+b") as null:
        actions = [(os.POSIX_SPAWN_DUP2, null.fileno(), 0),
                   (os.POSIX_SPAWN_DUP2, null.fileno() if stdout is None else stdout, 1)]
        return os.posix_spawnp(words[0], words, os.environ, file_actions=actions)


def finish(pid, words):
    """Waits for its end; returns its rusage. A status other than 0 is a failure."""
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"openssh: {' '.join(words)} ended with {status}")
    return usage


def run(words):
    """(seconds, CPU seconds) of a process from its start to its end."""
    start = time.monotonic()
    usage = finish(spawn(words), words)
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime


class Master:
    """`ssh -M` in the foreground; entered once it is authenticated."""

    def __init__(self, config, directory):
        self._config = config
        self._socket = f"{directory}/mux{id(self):x}"
        self.pid = 0
        self.cpu_at_end = 0.0

    def __enter__(self):
        self.pid = spawn(["ssh", "-F", self._config, "-M", "-N", "-S", self._socket,
                          "-o", "ControlPersist=no", "bench"])
        deadline = time.monotonic() + _START_SECONDS
        while not os.path.exists(self._socket):  # appears after authentication
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) or time.monotonic() > deadline:
                self.__exit__()
                raise SystemExit("openssh: the master did not log in")
            time.sleep(0.0005)
        return self

    def __exit__(self, *_):
        # Again and again: ssh looks at the signal before it calls poll(), and one that comes in
        # between would be seen at its next keepalive, minutes later.
        pid = 0
        while not pid:
            os.kill(self.pid, signal.SIGTERM)
            time.sleep(0.005)
            pid, _, usage = os.wait4(self.pid, os.WNOHANG)
        self.cpu_at_end = usage.ru_utime + usage.ru_stime

    def command(self, line):
        return ["ssh", "-F", self._config, "-S", self._socket, "-o", "ControlMaster=no", "bench", line]


def measure_connect(config, directory, count):
    """From the start of the process to an authenticated master."""
    each, cpu, start = [], 0.0, time.monotonic()
    for _ in range(count):
        begin = time.monotonic()
        with Master(config, directory) as master:
            each.append(time.monotonic() - begin)
            memory = peak_rss_bytes(master.pid), private_bytes(master.pid)
        cpu += master.cpu_at_end
    print_fields(count, statistics.median(each), 0, time.monotonic() - start, cpu, 0, *memory)


def measure_exec(config, directory, count):
    with Master(config, directory) as master:
        run(master.command("true"))
        before, start = cpu_of(master.pid), time.monotonic()
        each, cpu = zip(*(run(master.command("true")) for _ in range(count)))
        print_fields(count, statistics.median(each), 0, time.monotonic() - start,
                     sum(cpu) + cpu_of(master.pid) - before, 0,
                     peak_rss_bytes(master.pid), private_bytes(master.pid))


def measure_stream(config, directory, size):
    with Master(config, directory) as master:
        run(master.command("true"))
        ours, theirs = os.pipe()
        fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        before, start = cpu_of(master.pid), time.monotonic()
        words = master.command(f"head -c {size} /dev/zero")
        pid = spawn(words, stdout=theirs)
        os.close(theirs)
        received, buffer = 0, bytearray(_PIPE_BYTES)
        while got := os.readv(ours, [buffer]):
            received += got
        usage = finish(pid, words)
        wall = time.monotonic() - start
        if received != size:
            raise SystemExit("openssh: bytes are missing")
        print_fields(1, wall, received, wall, usage.ru_utime + usage.ru_stime + cpu_of(master.pid) - before, 0,
                     peak_rss_bytes(master.pid), private_bytes(master.pid))


def measure_hold(config, directory, count):
    """One master per link: that is what an idle link is, with ssh."""
    start = time.monotonic()
    with contextlib.ExitStack() as held:
        masters = [held.enter_context(Master(config, directory)).pid for _ in range(count)]
        print_fields(count, 0, 0, time.monotonic() - start, sum(cpu_of(pid) for pid in masters), 0,
                     peak_rss_bytes(masters[0]), sum(private_bytes(pid) for pid in masters) // count)


def main(config, mode, amount):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves every `with`, which ends the masters
    measure = {"connect": measure_connect, "exec": measure_exec, "stream": measure_stream, "hold": measure_hold}
    with tempfile.TemporaryDirectory(prefix="vmc-bench.") as directory:
        measure[mode](config, directory, int(amount))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
