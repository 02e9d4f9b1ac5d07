"""Runs the commands of one tier within its time, into its log, and reads the counts from it."""

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import time

_children: set[subprocess.Popen] = set()
GRACE_SECONDS = 15  # between asking a tier to end and ending it


@dataclasses.dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: "Counts") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def words(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


class Stopped(Exception):
    """The person at the keyboard has had enough."""


_DOCTEST = re.compile(r"\[doctest\] test cases: +\d+ \| +(\d+) passed \| +(\d+) failed \| +(\d+) skipped")
_PYTEST = re.compile(r"^=*\s*((?:\d+ [a-z]+, )*\d+ [a-z]+) in [\d.]+s", re.M)
_OWN = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
_WORDS = {"passed": "passed", "failed": "failed", "error": "failed", "errors": "failed",
          "skipped": "skipped", "xfailed": "skipped", "xpassed": "failed"}


def counts_in(text: str) -> Counts:
    """What doctest, pytest and our own tools say at their end."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    counts = Counts()
    for match in _DOCTEST.finditer(text):
        counts.add(Counts(*map(int, match.groups())))
    for match in _OWN.finditer(text):
        counts.add(Counts(*map(int, match.groups())))
    for match in _PYTEST.finditer(text):
        for number, word in re.findall(r"(\d+) ([a-z]+)", match.group(1)):
            if word in _WORDS:
                setattr(counts, _WORDS[word], getattr(counts, _WORDS[word]) + int(number))
    return counts


def failures_in(text: str) -> list[str]:
    """The lines of doctest's failed checks: they may stand thousands of lines before the end."""
    blocks = re.split(r"^={79}$", text, flags=re.M)
    return [line for block in blocks if re.search(r": (FATAL )?ERROR: ", block) for line in block.strip().splitlines()]


def run_all(commands: list[list[str]], log: pathlib.Path, until: float, environment: dict[str, str],
            together: bool) -> list[tuple[Counts, str]]:
    """What `run` says of each: one after the other, or all at once and then into one log."""
    if not together:
        return [run(command, log, until, environment) for command in commands]
    logs = [log.with_suffix(f".{number}.log") for number in range(len(commands))]
    for part in logs:
        part.unlink(missing_ok=True)
    with concurrent.futures.ThreadPoolExecutor(len(commands)) as threads:
        runs = [threads.submit(run, command, part, until, environment) for command, part in zip(commands, logs)]
        try:
            ended = [one.result() for one in runs]
        except KeyboardInterrupt:
            for child in list(_children):
                end_group(child)
            raise Stopped from None
    with log.open("ab") as sink:
        for part in logs:
            sink.write(part.read_bytes())
            part.unlink()
    return ended


def run(command: list[str], log: pathlib.Path, until: float, environment: dict[str, str]) -> tuple[Counts, str]:
    """The counts of one command and, when it went wrong in a way they do not show, a sentence."""
    with log.open("ab") as sink:
        sink.write(f"$ {' '.join(command)}\n".encode())
        sink.flush()
        begin = sink.tell()
        try:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
                                     start_new_session=True, env={**os.environ, **environment})
        except OSError as error:
            return Counts(failed=1), f"{command[0]}: {error.strerror}"
        _children.add(child)
        try:
            trouble = _wait(child, until)
        finally:
            _children.discard(child)
    with log.open("rb") as source:
        source.seek(begin)
        counts = counts_in(source.read().decode(errors="replace"))
    if any(word.startswith("--source-file") for word in command):
        counts.skipped = 0  # they are the other half's
    if not trouble and child.returncode != 0 and counts.failed == 0:
        ended = f"signal {-child.returncode}" if child.returncode < 0 else f"status {child.returncode}"
        trouble = f"ended with {ended}"
    if trouble:
        counts.failed += 1
    return counts, trouble


def _wait(child: subprocess.Popen, until: float) -> str:
    try:
        child.wait(max(1.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        end_group(child)
        return "ended by us: its time was up"
    except KeyboardInterrupt:
        end_group(child)
        raise Stopped from None
    finally:
        _signal_group(child.pid, signal.SIGKILL)  # what it may have left behind in its group
    return ""


def end_group(child: subprocess.Popen) -> None:
    _signal_group(child.pid, signal.SIGTERM)
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal_group(child.pid, signal.SIGKILL)
        child.wait(GRACE_SECONDS)


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass
    except PermissionError:  # it runs under sudo
        subprocess.run(["sudo", "-n", "kill", f"-{number.name[3:]}", "--", f"-{group}"],
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10, check=False)
