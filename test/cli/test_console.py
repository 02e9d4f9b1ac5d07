# SPDX-License-Identifier: Apache-2.0
"""vmc console: sockets that come and go, files that are truncated, programs; and who captures when two do."""

import calendar
import json
import os
import pathlib
import select
import signal
import threading
import time

import pytest
from consoles import HOST, PATIENCE, STAMP, Follower, Serial, source, texts, wait_until  # noqa: F401


@pytest.fixture
def follow(vmc):
    started = []

    def start(*words):
        started.append(Follower(vmc, *words))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.ends()
        each.process.stdout.close()
        each.process.stderr.close()


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_a_file_holds_is_shown_once_with_its_time_and_stays_when_it_is_gone(vmc, source):
    path = source("file")
    path.write_text("one\r\ntwo\r\nweb-1 login: ")
    began = time.time()
    ended = vmc("console", HOST)
    assert ended.code == 0 and texts(ended.out) == ["one", "two", "web-1 login: "], ended
    stamp = time.strptime(ended.out[:19] + " UTC", "%Y-%m-%dT%H:%M:%S %Z")
    assert abs(calendar.timegm(stamp) - began) < PATIENCE
    with path.open("a") as file:
        file.write("\r\nthree\r\n")
    assert texts(vmc("console", HOST).out) == ["one", "two", "web-1 login: ", "three"]
    path.unlink()
    ended = vmc("console", HOST, "--lines", "2")
    assert ended.code == 0 and texts(ended.out) == ["web-1 login: ", "three"], ended
    assert "No such file" in ended.err and len(ended.err.splitlines()) == 1


def test_of_a_long_file_the_end_is_what_counts(vmc, source):
    path = source("file")
    path.write_text("".join(f"line {i}\n" for i in range(100_000)))
    ended = vmc("console", HOST)
    assert texts(ended.out) == [f"line {i}" for i in range(99_900, 100_000)]
    ended = vmc("console", HOST, "--lines", "1000000")
    assert ended.code == 0 and 1000 < len(texts(ended.out)) < 100_000
    first = int(texts(ended.out)[0].removeprefix("line "))
    assert texts(ended.out) == [f"line {i}" for i in range(first, 100_000)]


def test_a_file_is_followed_through_truncation_and_replacement(source, follow):
    path = source("file")
    path.write_text("first life\n")
    follower = follow()
    follower.until(" first life\n")
    with path.open("a") as file:
        file.write("more of it\n")
    follower.until(" more of it\n")
    path.write_text("second\n")  # truncated
    follower.until(" second\n")
    path.write_text("third life, longer than all before it was, and more than that\n")
    follower.until(" third life, longer")
    fresh = path.with_suffix(".new")
    fresh.write_text("fourth life\n")
    with path.open("a") as file:
        file.write("the last of the third\n")
        file.flush()
        os.rename(fresh, path)
    follower.until(" fourth life\n")
    with path.open("a") as file:
        file.write("goes on\n")
    follower.until(" goes on\n")
    assert follower.ends() == 130
    said = texts("".join(follower.seen))
    assert said == ["first life", "more of it", "second",
                    "third life, longer than all before it was, and more than that", "the last of the third",
                    "fourth life", "goes on"]


def test_a_file_that_was_rewritten_while_nobody_looked_is_read_from_its_beginning(vmc, source):
    path = source("file")
    path.write_text("old\n" * 100)
    assert len(texts(vmc("console", HOST).out)) == 100
    path.write_text("new\n" * 101)  # it has grown past where it was read up to
    ended = vmc("console", HOST, "--lines", "102")
    assert texts(ended.out) == ["new"] * 101 and "-- " + str(path) in ended.out, ended
    assert vmc("console", HOST, "--lines", "102").out == ended.out


def test_a_file_that_is_not_there_yet_is_waited_for(source, follow):
    path = source("file")
    follower = follow()
    follower.until("No such file")
    path.write_text("here it is\n")
    follower.until(" here it is\n")


def test_a_socket_is_read_while_qemu_serves_it_and_again_when_it_is_back(source, follow):
    path = source("socket")
    qemu = Serial(path)
    follower = follow()
    qemu.accept().says("[    0.000000] Linux version 6.1\r\n").says("web-1 login: ")
    follower.until("Linux version")
    assert texts(follower.until("web-1 login: ")[-1]) == ["web-1 login: "]  # without an end, after a short while
    qemu.says("\r\nlast words\r\n")
    follower.until("last words")
    qemu.ends()
    assert " -- " in follower.until("closed by the other side")[-1]
    qemu = Serial(path)
    qemu.accept().says("SeaBIOS (version 1.16)\r\n")
    follower.until("SeaBIOS")
    assert follower.ends() == 130 and qemu.peer_is_gone()
    assert texts("".join(follower.seen)) == [
        "[    0.000000] Linux version 6.1", "web-1 login: ", "last words", "SeaBIOS (version 1.16)"]
    qemu.ends()


def test_what_was_captured_is_there_when_qemu_has_gone(vmc, source, follow):
    path = source("socket")
    qemu = Serial(path)
    follower = follow()
    qemu.accept().says("Kernel panic - not syncing: x")  # no end of line: it was stopped there
    follower.until("Kernel panic")
    assert follower.ends(signal.SIGTERM) == 143
    qemu.ends()
    ended = vmc("console", HOST)
    assert ended.code == 0 and texts(ended.out) == ["Kernel panic - not syncing: x"], ended
    assert "No such file" in ended.err


def test_a_program_is_run_without_a_shell_and_ended_with_us(source, follow, tmp_path):
    pids = tmp_path / "pids"
    script = 'echo "$1"; trap "" TERM; sleep 4711 & echo $$ $! >"$2"; echo ready; wait; sleep 4712'
    source("command", ["sh", "-c", script, "x", "a  $HOME b", os.fspath(pids)])
    for number in (signal.SIGINT, signal.SIGKILL):
        follower = follow("--lines", "0")
        follower.until(" ready\n")
        assert any(line.endswith(" a  $HOME b\n") for line in follower.seen)
        leader, child = map(int, pids.read_text().split())
        assert runs(leader) and runs(child)
        follower.ends(number)
        wait_until(lambda: not runs(leader))
        if number == signal.SIGKILL:
            os.kill(child, signal.SIGKILL)  # nobody was left to end more than the program itself
        wait_until(lambda: not runs(child))


def test_a_program_that_ends_is_started_again_and_its_complaint_is_kept(source, follow, tmp_path):
    count = tmp_path / "count"
    source("command", ["sh", "-c", 'echo x >>"$1"; echo run $(wc -l <"$1"); echo no such domain >&2; exit 7', "x",
                       os.fspath(count)])
    follower = follow()
    follower.until(" run 1\n")
    assert "-- sh: exit 7: no such domain" in follower.until("no such domain")[-1]
    follower.until(" run 2\n")
    follower.until(" run 3\n")


def test_a_program_that_complains_endlessly_is_not_held_up(source, follow):
    source("command", ["sh", "-c", "head -c 3000000 /dev/zero >&2; echo through; exec sleep 4713"])
    follow().until(" through\n")


def test_no_escape_sequence_gets_through(vmc, source):
    path = source("file")
    path.write_bytes(b"\x1b]0;owned\x07\x1b[2Jx\x9b31m\xff\x00\xe2\x80\xaeend\n\t\xc3\xa4\n")
    ended = vmc("console", HOST)
    assert ended.code == 0
    assert texts(ended.out) == [r"\x1b]0;owned\x07\x1b[2Jx\x9b31m\xff\x00\u202eend", "\tä"], ended
    stored = b"".join(each.read_bytes() for each in vmc.home.glob("state/vm-connection/console/*/log"))
    assert not [byte for byte in stored if byte < 0x20 and byte not in b"\n\t"]


def test_json_is_one_document_a_line(vmc, source, follow):
    path = source("file")
    path.write_text('a "b"\nsecond\n')
    ended = vmc("console", HOST, "--json", "--lines", "1")
    line, = map(json.loads, ended.out.splitlines())
    assert line == {"schema": 1, "at": line["at"], "text": "second"} and STAMP.fullmatch(line["at"] + " ")
    follower = follow("--json")
    with path.open("a") as file:
        file.write("third\n")
    follower.until("third")
    path.write_text("x\n")
    follower.until('"x"')
    notes = [line for line in map(json.loads, follower.seen) if line.get("note")]
    assert any("was truncated" in note["text"] for note in notes)


def test_of_two_one_captures_and_the_other_takes_over(vmc, source, follow):
    path = source("socket")
    qemu = Serial(path)
    first = follow()
    qemu.accept().says("to both\r\n")
    first.until(" to both\n")
    second = follow()
    second.until(" to both\n")
    qemu.says("live\r\n")
    first.until(" live\n")
    second.until(" live\n")
    # A third that does not follow shows the log and leaves the socket alone.
    assert texts(vmc("console", HOST).out) == ["to both", "live"]
    qemu.server.setblocking(False)
    assert not select.select([qemu.server], [], [], 0)[0]
    qemu.server.settimeout(PATIENCE)
    first.process.send_signal(signal.SIGKILL)  # it can give nothing back
    assert qemu.peer_is_gone()
    qemu.accept().says("after the first\r\n")
    second.until(" after the first\n")
    assert texts("".join(second.seen)) == ["to both", "live", "after the first"]
    qemu.ends()


def test_a_reader_that_is_slow_is_waited_for_and_one_that_left_ends_it(vmc, source):
    path = source("file")
    path.write_text("begin\n")
    process = vmc.start("console", HOST, "-f")
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    assert process.stdout.readline().endswith(b" begin\n")
    lines = 60_000  # more than a pipe and our own queue hold together
    with path.open("a") as file:
        file.write("".join(f"{i} {'x' * 40}\n" for i in range(lines)))
    log, = vmc.home.glob("state/vm-connection/console/*/log")
    wait_until(lambda: f" {lines - 1} " in log.read_text())  # captured, whoever reads
    got = [int(process.stdout.readline().split()[1]) for _ in range(lines)]
    assert got == list(range(lines))
    process.stdout.close()
    with path.open("a") as file:
        file.write("one more\n")
    assert process.wait(PATIENCE) == 0 and process.stderr.read() == b""
    process.stderr.close()
    watchdog.cancel()
