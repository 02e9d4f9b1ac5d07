# SPDX-License-Identifier: Apache-2.0
"""Whatever a server says, vmc diagnose ends in time, in little memory, and claims nothing that was not shown."""

import dataclasses
import json
import os
import socket
import struct
import threading

import pytest

MEGABYTE = 1 << 20
MOST_MEMORY = 64 * MEGABYTE  # the program and its libraries take 20; the sanitizers' builds are not measured here
VERDICTS = {"healthy", "degraded", "unreachable", "throttled", "off", "crashed", "unknown"}


@dataclasses.dataclass
class Told:
    code: int
    document: dict
    err: bytes
    peak: int

    def detail(self):
        return " ".join(layer["detail"] for layer in self.document["layers"])


def diagnose(vmc, *words, within=40):
    """The peak of its memory is its own, as wait4(2) tells it."""
    process = vmc.start("diagnose", "--json", *words)
    told = {}
    readers = [threading.Thread(target=lambda name, pipe: told.__setitem__(name, pipe.read()), args=each)
               for each in (("out", process.stdout), ("err", process.stderr))]
    for reader in readers:
        reader.start()
    alarm = threading.Timer(within, process.kill)
    alarm.start()
    _, status, usage = os.wait4(process.pid, 0)
    alarm.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    for reader in readers:
        reader.join()
    assert process.returncode in (0, 1, 2, 3), (process.returncode, told)
    document = json.loads(told["out"].decode())  # strictly UTF-8
    assert document["verdict"] in VERDICTS and sum(h["probability"] for h in document["hypotheses"]) <= 1.0001
    peak = usage.ru_maxrss * 1024
    assert peak < MOST_MEMORY, f"{peak >> 20} MiB"
    return Told(process.returncode, document, told["err"], peak)


def pour(connection, chunk, megabytes):
    """Until it was sent or nobody wants it."""
    piece = chunk * (MEGABYTE // len(chunk))
    for _ in range(megabytes):
        connection.sendall(piece)


def say(words):
    def act(connection):
        connection.sendall(words)
        while connection.recv(4096):
            pass
    return act


def reset(connection):
    connection.recv(4)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


HELLO = b"SSH-2.0-OpenSSH_9.2p1\r\n"
BANNERS = {
    "100 MB without a newline": lambda c: pour(c, b"\xfe", 100),
    "100 MB of lines": lambda c: pour(c, b"hello\r\n\0\xff ", 100),
    "100 MB behind a banner": lambda c: (c.sendall(HELLO), pour(c, b"\0\0\0\x10garbage\xff", 100)),
    "a packet of 4 GB": say(HELLO + b"\xff\xff\xff\xff" + b"\0" * 64),
    "a packet of no length": say(HELLO + b"\0\0\0\0" * 64),
    "a banner of 1 MB": say(b"SSH-2.0-" + b"x" * MEGABYTE + b"\r\n"),
    "no UTF-8": say(b"\xc3\x28 caf\xe9 \xed\xa0\x80\r\n\x1b]0;owned\x07\r\n"),
    "a page of HTML": say(b"HTTP/1.1 400 Bad Request\r\nServer: \xfcber\r\n\r\n<html>"),
    "SSH 1.5": say(b"SSH-1.5-old\r\n"),
    "half a banner": lambda c: c.sendall(b"SSH-2"),
    "nothing": lambda c: None,
    "a reset": reset,
    "a throttle, and garbage": say(b"Exceeded MaxStartups\r\n\xff\xfe\0"),
}


@pytest.mark.parametrize("what", BANNERS)
def test_a_banner_that_is_none_names_no_cause_that_it_does_not_show(vmc, no_key, server, what):
    fake = server(BANNERS[what])
    told = diagnose(vmc, *no_key, fake.name)
    found = told.document
    assert fake.calls >= 1
    assert found["verdict"] not in ("healthy", "off", "crashed"), found
    assert found["boot_change"] in ("unknown", "none"), found
    assert not found["claim"] or found["verdict"] in ("degraded", "throttled"), found
    assert any(layer["answer"] == "fails" and layer["detail"] for layer in found["layers"]), found
    page = vmc("diagnose", *no_key, fake.name, within=40)
    assert b"\x1b" not in page.stdout and page.code == told.code, page


LIAR = """#!/bin/sh
case $SSH_ORIGINAL_COMMAND in *'/bin/sh -s') ;; *) exec /bin/sh -c "$SSH_ORIGINAL_COMMAND" ;; esac
. /root/lie
"""
READS = """script=$(cat); mark=${script##*vmc }; mark=$(printf %s "$mark")
begin() { printf '\\nvmc-begin-%s\\n' "$mark"; }
end() { printf '\\nvmc-end-%s\\n' "$mark"; }
"""
NOISE = r"""printf 'Welcome to h\344user\r\n\033[31m%s\n\0\377\n' "$(date)"; echo "rc: command not found" >&2
printf '\nvmc-begin-0000000000000000\nboot_id=11111111-1111-4111-8111-111111111111\n\nvmc-end-0000000000000000\n'
"""
IDS = ("boot_id machine_id product_uuid uptime btime ssh_connection pid1 sshd_pid sshd_start soft_reboots").split()


class Liar:
    def __init__(self, at):
        self.at = at
        self.run(f"cat >/root/liar <<'EOF'\n{LIAR}EOF\nchmod 755 /root/liar")
        self.honest()

    def run(self, line):
        self.at.host.run(["sh", "-c", line], check=True)

    def says(self, script):
        self.run(f"cat >/root/lie.new <<'EOF'\n{script}\nEOF\nmv /root/lie.new /root/lie")

    def honest(self):
        self.says("exec /bin/sh -s")


@pytest.fixture(scope="module")
def liar_host(lab):
    from conftest import At
    host = lab.up(name="liar", sshd_options=["ForceCommand /root/liar"])
    yield Liar(At(host))
    host.down()


@pytest.fixture
def liar(liar_host, vmc):
    """Known to us from when it was honest: what changes later would be news."""
    liar_host.honest()
    assert diagnose(vmc, *liar_host.at.words).document["claim"] is True
    return liar_host


SILLY = {
    "100 MB of garbage": "head -c 104857600 /dev/urandom",
    "100 MB on both streams": "head -c 52428800 /dev/zero; head -c 52428800 /dev/urandom >&2",
    "100 MB behind our mark": READS + "begin; head -c 104857600 /dev/zero",
    "nothing": "exit 0",
    "a death": "kill -9 $$",
    "words that are no UTF-8": r"printf 'Zugang gesperrt f\374r \033]0;x\007 Sie\n'; exit 1",
    "marks that are not ours": NOISE + "exit 0",
    "our mark, and no end": READS + "begin; echo boot_id=11111111-1111-4111-8111-111111111111",
    "an end before the beginning": READS + "end; begin",
    "a boot id that is none": READS + "begin; echo boot_id=no; end",
    "fields that are no fields": READS + r"begin; printf '\377=\376\n===\n\0=\0\n'; end",
}


@pytest.mark.host
@pytest.mark.parametrize("what", SILLY)
def test_an_answer_that_is_none_is_no_health(vmc, liar, what):
    liar.says(SILLY[what])
    told = diagnose(vmc, *liar.at.words)
    found = told.document
    assert found["verdict"] not in ("healthy", "off", "crashed"), found
    assert found["boot_change"] not in ("reboot", "crash-reboot", "kexec", "re-imaged", "other-machine"), found
    said = [layer for layer in found["layers"] if layer["layer"] == "exec"]
    assert said and said[0]["answer"] != "works" and said[0]["detail"], found
    assert vmc("diagnose", *liar.at.words, within=40).stdout.count(b"\x1b") == 0


@pytest.mark.host
def test_noise_around_an_answer_changes_nothing(vmc, liar):
    before = diagnose(vmc, *liar.at.words).document
    liar.says(NOISE + f"/bin/sh -s; {NOISE}")
    after = diagnose(vmc, *liar.at.words).document
    assert (after["verdict"], after["cause"], after["claim"], after["boot_change"]) == (
        before["verdict"], before["cause"], before["claim"], before["boot_change"]), after


LIES = ["", "-1", "9223372036854775808", "18446744073709551616", "1e308", "nan", "0x10", "-0.00", "x" * 2000,
        r"\377\376", "%s%n", "../../etc/passwd", "$(reboot)", "now=1\\n"]


@pytest.mark.host
@pytest.mark.parametrize("lie", LIES, ids=lambda lie: repr(lie[:24]))
def test_a_lie_in_every_field_is_unknown_and_no_claim(vmc, liar, lie):
    """It runs commands, so it lives; but which boot it is, how it is: nothing is known."""
    fields = IDS + ("now space inodes root mem.MemTotal mem.MemAvailable mem.SwapTotal mem.SwapFree psi.memory psi.io"
                    " load cpus blocked zombies tainted units write reboot kernel").split()
    lines = "".join(f"printf '{field}={lie}\\n'\n" if "%" not in lie else f"printf '%s\\n' '{field}={lie}'\n"
                    for field in fields)
    liar.says(READS + f"begin\n{lines}end")
    found = diagnose(vmc, *liar.at.words).document
    assert found["verdict"] not in ("healthy", "off", "crashed"), found
    assert found["boot_change"] not in ("reboot", "crash-reboot", "kexec", "re-imaged", "other-machine"), found


@pytest.mark.host
def test_our_memory_of_a_liar_stays_readable(vmc, liar):
    """What it told is kept in a record; the next look reads it."""
    liar.says(READS + "begin; echo boot_id=22222222-2222-4222-8222-222222222222; printf 'machine_id=\\377\\n'; end")
    diagnose(vmc, *liar.at.words)
    liar.honest()
    assert diagnose(vmc, *liar.at.words).document["alive"] is True
