# SPDX-License-Identifier: Apache-2.0
"""One row of the fault matrix, played: get acquainted, start a job, watch, break it, see what is said, mend it, see
that the job is whole."""

import dataclasses
import json
import queue
import signal
import threading
import time

LINE = "i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.25; done; exit 7"
OUTPUT = "".join(f"{n}\n" for n in range(40))


class Watch:
    """`vmc diagnose --watch --json`, read as it speaks."""

    def __init__(self, vmc, words, every):
        self.documents = []  # (when, document)
        self._queue = queue.Queue()
        self.process = vmc.start("diagnose", "--watch", "--json", "-q", "--every", str(every), *words)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._queue.put((time.monotonic(), json.loads(line)))

    def until(self, wanted, seconds):
        """The first document from now on that is wanted, and when it came; nothing when none is in time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                when, document = self._queue.get(timeout=left)
            except queue.Empty:
                break
            self.documents.append((when, document))
            if wanted(document):
                return when, document
        return None, None

    def end(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except Exception:
            self.process.kill()
            raise


def is_well(document):
    return document["verdict"] == "healthy" and document["cause"] == "none"


def in_short(document):
    guesses = " ".join(f"{h['cause']}={h['probability']:.2f}" for h in document["hypotheses"][:3])
    fails = " ".join(each["check"] for each in document["layers"] + document["evidence"] if each["answer"] == "fails")
    return f"{document['verdict']}:{document['cause']}{'!' if document['claim'] else ''} ({guesses}; fails {fails})"


@dataclasses.dataclass
class Seen:
    """What a row came to, and everything that is wrong with it."""

    row: object
    verdict: str = "-"
    cause: str = "-"
    claim: bool = False
    latency: float | None = None
    evidence: str = ""
    hypotheses: str = ""
    job: str = "-"
    claims: int = 0
    said: list = dataclasses.field(default_factory=list)  # (seconds from the fault, what), in order
    wrong: list = dataclasses.field(default_factory=list)

    def take(self, document, latency):
        self.verdict, self.cause, self.claim = document["verdict"], document["cause"], document["claim"]
        self.latency = latency
        self.hypotheses = ", ".join(f"{h['cause']} {h['probability']:.0%}" for h in document["hypotheses"][:3])
        fails = [f"{one['check']}" for one in document["layers"] + document["evidence"] if one["answer"] == "fails"]
        self.evidence = " ".join(fails)


class Place:
    """What a row may use."""

    def __init__(self, vmc, at, lab):
        self.vmc, self.at, self.lab, self.host = vmc, at, lab, at.host
        self.extra = []  # ended in the end
        self.words = self.job_words = at.words
        self.follower = self.watch = None

    def inside(self, line, check=True):
        return self.host.run(["sh", "-c", line], check=check)


def play(row, place):
    seen = Seen(row)
    try:
        _play(row, place, seen)
    except Exception as trouble:
        seen.wrong.append(f"{type(trouble).__name__}: {trouble}")
    finally:
        for undo in place.extra:
            undo()
    return seen


def _play(row, place, seen):
    row.prepare(place)
    first = place.vmc("diagnose", "--json", *place.words, within=40)
    if not is_well(first.json) and not row.ill_from_the_start:
        seen.wrong.append(f"before the fault: {first.json['verdict']} {first.json['cause']} {first.err}")
    if row.job:
        _start_job(row, place)
    watch = place.watch = Watch(place.vmc, place.words, row.every)
    try:
        _watch(row, place, seen, watch)
    finally:
        watch.end()
    if row.job:
        _judge_job(row, place, seen)


def _is_well_again(watch):
    """Within a minute; where it came and went, when it has held for two minutes, as the guide says."""
    def last():
        return watch.documents[-1][1] if watch.documents else None

    if watch.until(is_well, 60)[0] is not None or (last() is not None and is_well(last())):
        return True
    return last() is not None and last()["cause"] == "flapping" and watch.until(is_well, 130)[0] is not None


def _start_job(row, place):
    """Until it has begun."""
    words = ("run", "--name", "count", "-q", *place.job_words, "--", row.line or LINE)
    if row.followed:
        place.follower = place.vmc.start(*words)
        place.extra.append(place.follower.kill)
        place.inside("until [ -n \"$(cat /var/lib/vm-connection/jobs/*/start 2>/dev/null)\" ]; do sleep 0.05; done")
    else:
        place.vmc("run", "--detach", *words[1:], within=40)


def _judge_job(row, place, seen):
    """Whole for who followed it all the time, and for who comes now."""
    wanted = (row.output or OUTPUT).encode()
    ended = []
    if place.follower is not None:
        out, err = place.follower.communicate(timeout=90)
        ended.append((place.follower.returncode, out, err))
    attached = place.vmc("attach", *row.attach, *place.job_words, "count", within=90)
    for code, text, told in (*ended, (attached.code, attached.stdout, attached.stderr)):
        whole = text == wanted and code == 7
        stopped = row.job == "interrupted" and code == 75 and wanted.startswith(text)
        now = "whole" if whole else "interrupted" if stopped else f"exit {code}"
        seen.job = now if seen.job in ("-", now) else f"{seen.job}, {now}"
        if now != row.job:
            seen.wrong.append(f"the job: exit {code}, {len(text)} bytes, {told.decode(errors='replace')}")


def _watch(row, place, seen, watch):
    if not row.ill_from_the_start and watch.until(is_well, 30)[0] is None:
        seen.wrong.append(f"not well under watch: {watch.documents!r}")
    begun = time.monotonic()
    row.begin(place)
    when, document = watch.until(row.meets, row.within + row.grace)
    if document is None:
        # What is said only once, on a change, may have been said before the fault.
        last = watch.documents[-1][1] if watch.documents else None
        if last is not None and row.meets(last):
            when, document = begun, last
    if document is None:
        said = [f"{at - begun:.1f} s {in_short(d)}" for at, d in watch.documents if at > begun]
        seen.wrong.append(f"expected {row.expected()}, said {said}")
    else:
        seen.take(document, when - begun)
        # The table says how long it took; on a machine that is busy with something else it may be twice as long.
        if when - begun > 2 * row.within:
            seen.wrong.append(f"took {when - begun:.1f} s")
    if row.look:
        seen.wrong += row.look(place)
    mended = time.monotonic()
    row.end(place)
    if row.heals and not _is_well_again(watch):
        seen.wrong.append(f"not well again: {[(d['verdict'], d['cause']) for _, d in watch.documents]}")
    seen.said = [(round(at - begun, 1), in_short(document)) for at, document in watch.documents]
    told = sum(at > begun for at, _ in watch.documents)
    if row.at_most is not None and told > row.at_most:
        seen.wrong.append(f"spoke {told} times")
    for at, document in watch.documents:
        if not document["claim"]:
            continue
        seen.claims += 1
        said = (document["verdict"], document["cause"])
        if begun < at < mended and said[1] not in row.may_claim and said != ("healthy", "none"):
            seen.wrong.append(f"claimed {said}")
