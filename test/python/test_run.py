# SPDX-License-Identifier: Apache-2.0
"""run(): everything about one command, and how it ended."""

import threading
import time

import pytest

from vm_connection import CommandFailedError, CommandTimeoutError, SSHConnection


def test_streams_stay_apart_and_bytes_stay_bytes(conn):
    outcome = conn.run(r"printf 'a\377\000b'; printf oops >&2; exit 3")
    assert (outcome.outcome, outcome.exit_code, outcome.ok) == ("exited", 3, False)
    assert (outcome.stdout_raw, outcome.stderr_raw) == (b"a\xff\0b", b"oops")
    assert (outcome.stdout, outcome.stderr) == ("a\ufffd\0b", "oops")
    assert (outcome.stdout_bytes, outcome.stderr_bytes, outcome.truncated) == (4, 4, False)
    assert outcome.may_have_run == "yes" and outcome.signal is None and outcome.took > 0


def test_a_signal_is_told_by_name(conn):
    outcome = conn.run("kill -TERM $$")
    assert (outcome.outcome, outcome.signal, outcome.exit_code, outcome.shell_code) == ("signalled", "TERM", None, 143)


@pytest.mark.parametrize("words", [["printf", "%s|", "a b", "", "it's", "$HOME", "*", "new\nline", "!x", "\\", "ü"],
                                   ["printf", "%s|", "-n", "\udcff"]])
def test_words_arrive_exactly_as_given(conn, words):
    expected = "".join(word + "|" for word in words[2:]).encode("utf-8", "surrogateescape")
    assert conn.run(words).stdout_raw == expected


def test_environment_directory_and_input(conn):
    said = conn.run("echo $GREETING from $PWD", env={"GREETING": "it's \"me\""}, cwd="/tmp").stdout
    assert said == "it's \"me\" from /tmp\n"
    assert conn.run("tr a-z A-Z", stdin="shout").stdout == "SHOUT"
    everything = bytes(range(256)) * 4096
    assert conn.run("cat", stdin=everything, timeout=30).stdout_raw == everything
    assert conn.run("cat").stdout == ""


def test_a_terminal_on_request(conn):
    assert "not a tty" in conn.run("tty").stdout
    assert conn.run("tty", pty=True).stdout.startswith("/dev/")


def test_check_raises_what_went_wrong(conn):
    assert conn.run("true", check=True).ok
    with pytest.raises(CommandFailedError) as caught:
        conn.run("echo why >&2; exit 9", check=True)
    assert caught.value.outcome.exit_code == 9 and caught.value.outcome.stderr == "why\n"
    with pytest.raises(CommandTimeoutError):
        conn.run("sleep 30", timeout=0.3, check=True)


def test_a_timeout_is_an_outcome(conn, host):
    outcome = conn.run("echo begun; exec sleep 4721.1", timeout=0.5)
    assert (outcome.outcome, outcome.exit_code, outcome.stdout) == ("timed_out", None, "begun\n")
    assert outcome.killed == "yes" and host.running("sleep 4721.1") == 0


def test_a_child_that_keeps_the_output_open_does_not_hold_us(conn):
    begun = time.monotonic()
    outcome = conn.run("sleep 30 & echo hi")
    assert time.monotonic() - begun < 4
    assert outcome.ok and outcome.stdout == "hi\n" and outcome.output_open


def test_output_is_kept_up_to_the_limit_and_counted_whole(conn):
    outcome = conn.run("head -c 3000000 /dev/zero", output_limit=1000)
    assert len(outcome.stdout_raw) == 1000 and outcome.stdout_bytes == 3000000 and outcome.truncated


def test_lines_and_the_outcome_together(conn):
    lines = []
    outcome = conn.run("echo one; echo two", output_callback=lines.append)
    assert lines == ["one", "two"] and outcome.stdout == "one\ntwo\n"


def test_a_slow_callback_slows_the_vm_and_not_our_memory(conn, host):
    before, seen = resident(), 0

    def slowly(line):
        nonlocal seen
        seen += len(line)
        if seen < 3 << 20:
            time.sleep(0.01)

    conn.execute("head -c 100000000 /dev/zero | tr '\\0' x | fold -w 60000",
                 timeout=120, output_callback=slowly)
    assert seen > 95_000_000 and resident() - before < 32 << 20


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096


def test_several_commands_at_once_on_one_connection(conn):
    codes = {}

    def work(number):
        codes[number] = conn.execute(f"sleep 0.5; exit {number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {n: n for n in range(6)} and time.monotonic() - begun < 2.5


def test_boot_and_health_are_values(conn, host):
    record = conn.boot()
    assert record.boot_id == host.boot_id and record.host_key == host.host_key_fingerprint and record.uptime > 0
    assert abs(record.read_at - time.time()) < 60
    health = conn.health("thorough")
    assert health.alive and health.verdict in ("healthy", "degraded") and health.evidence
    assert {piece.answer for piece in health.evidence} <= {"works", "fails", "unknown"}


def test_a_locked_key_asks_for_its_passphrase_once(host):
    asked = []

    def passphrase(path):
        asked.append(path)
        return host.passphrase

    with SSHConnection(**host.where(key=host.keys["encrypted"]), passphrase=passphrase) as conn:
        assert conn.execute("true") == 0
        assert conn.reconnect() and conn.execute("true") == 0
    assert asked == [host.keys["encrypted"]]
    with SSHConnection(**host.where(key=host.keys["encrypted"]), passphrase=host.passphrase) as conn:
        assert conn.execute("true") == 0


def test_notices_tell_what_happens_to_the_link(own_host):
    told, again = [], threading.Event()

    def hear(notice):
        told.append(notice.kind)
        if told.count("online") == 2:
            again.set()

    with SSHConnection(**own_host.where(), on_notice=hear) as conn:
        own_host.do("sshd", "kill-sessions")
        assert again.wait(10), told
        assert conn.execute("true") == 0
    assert told.index("online") < told.index("ended")


def test_sudo_is_refused_without_its_password_and_works_with_it(new_host):
    host = new_host("--user", "admin")
    with SSHConnection(**host.where("admin")) as conn:
        refused = conn.run("id -u", sudo=True)
        assert (refused.outcome, refused.may_have_run) == ("refused", "no")
        told = conn.run("id -u; cat", sudo=True, sudo_password="lab", stdin="mine", check=True)
        assert told.stdout == "0\nmine"
        assert conn.run("id -u", sudo=True, sudo_password="guess").outcome == "refused"

    with SSHConnection(**host.where("admin")) as conn:  # sudo is asked once; all get their turn
        seen = []
        ask = lambda: seen.append(conn.run("id -u", sudo=True, sudo_password="lab").stdout)  # noqa: E731
        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == ["0\n"] * 20
