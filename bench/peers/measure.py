"""What a stretch of work cost a process; the same fields as bench/measure.c prints."""

import json
import os
import re
import resource
import statistics
import time

_TICKS = os.sysconf("SC_CLK_TCK")


def _kilobytes(path: str, pattern: str) -> int:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return 1024 * sum(int(n) for n in re.findall(rf"^{pattern}\w*:\s+(\d+)", file.read(), re.M))
    except OSError:
        return 0


def private_bytes(pid="self") -> int:
    return _kilobytes(f"/proc/{pid}/smaps_rollup", "Private_")


def peak_rss_bytes(pid="self") -> int:
    return _kilobytes(f"/proc/{pid}/status", "VmHWM")


def cpu_of(pid: int) -> float:
    """Seconds of CPU, user and system, of another process's first thread."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9
    except OSError:  # a kernel without it: in steps of a clock tick (10 ms)
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


class Cost:
    """Opened before the work; print_* closes it."""

    def __init__(self):
        self._wall = time.monotonic()
        self._cpu = resource.getrusage(resource.RUSAGE_SELF)
        self._private = private_bytes()
        self._each = []
        self._items = 0

    def item(self, seconds: float):
        self._items += 1
        self._each.append(seconds)

    def print_cost(self, received: int = 0):
        self._print(self._items, statistics.median(self._each), received, private_bytes())

    def print_held(self, items: int):
        self._print(items, 0, 0, (private_bytes() - self._private) // items)

    def _print(self, items, each, received, private):
        cpu = resource.getrusage(resource.RUSAGE_SELF)
        print_fields(items, each, received, time.monotonic() - self._wall, cpu.ru_utime - self._cpu.ru_utime,
                     cpu.ru_stime - self._cpu.ru_stime, peak_rss_bytes(), private)


def print_fields(items, each, received, wall, cpu_user, cpu_sys, rss, private):
    print(json.dumps({"items": items, "each": each, "bytes": received, "wall": wall, "cpu_user": cpu_user,
                      "cpu_sys": cpu_sys, "rss": rss, "private": private}), flush=True)
