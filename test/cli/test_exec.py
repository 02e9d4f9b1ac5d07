# SPDX-License-Identifier: Apache-2.0
"""vmc exec: the command's own streams and exit code, and nothing else."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import SHELLS, VMC, one_line

pytestmark = pytest.mark.host


@pytest.mark.parametrize("line, code, out, err", [
    ("true", 0, b"", b""),
    ("exit 7", 7, b"", b""),
    ("exit 255", 255, b"", b""),
    ("echo out; echo err >&2", 0, b"out\n", b"err\n"),
    ("printf 'no newline'", 0, b"no newline", b""),
    ("printf '\\033[31mred'", 0, b"\x1b[31mred", b""),
    ("cat", 0, b"", b""),
], ids=lambda value: value if isinstance(value, str) else "")
def test_streams_and_exit_code_are_the_commands_own(vmc, at, line, code, out, err):
    ended = vmc("exec", *at.words, "--", line)
    assert (ended.code, ended.stdout, ended.stderr) == (code, out, err)


@pytest.mark.parametrize("name, number", [("TERM", 15), ("KILL", 9), ("SEGV", 11)])
def test_a_signal_that_ended_it_is_told_from_an_exit_code(vmc, at, name, number):
    ended = vmc("exec", *at.words, "--", f"exec sh -c 'kill -{name} $$'")
    assert ended.code == 128 + number
    assert name in one_line(ended)


def test_stdin_is_forwarded_and_ends(vmc, at):
    data = os.urandom(3_000_000)
    ended = vmc("exec", *at.words, "--", "cat", feed=data)
    assert ended.code == 0 and ended.stdout == data


def test_with_n_the_command_gets_no_input_and_ours_is_left_alone(vmc, at):
    script = f"read first; {VMC} exec -n {' '.join(at.words)} -- cat; cat"
    ended = subprocess.run(["sh", "-c", script], input=b"one\ntwo\n", capture_output=True, env=vmc.environment,
                           timeout=20)
    assert ended.stdout == b"two\n"


def test_environment_directory_and_sudo_reach_the_command(vmc, at):
    ended = vmc("exec", "--env", "A=x y", "--env", "B='", "--cwd", "/tmp", *at.words, "--", 'echo "$A|$B|$PWD"')
    assert ended.out == "x y|'|/tmp\n", ended


def test_a_background_child_does_not_hold_us(vmc, at):
    ended = vmc("exec", *at.words, "--", "sleep 30 & echo hi", within=6)
    assert (ended.code, ended.out) == (0, "hi\n")
    assert ended.seconds < 4
    assert "output" in one_line(ended)


def test_a_timeout_ends_the_command_on_the_vm(vmc, at):
    ended = vmc("exec", "--timeout", "1", *at.words, "--", "exec sleep 4711", within=8)
    assert ended.code == 124
    assert "timed out after 1.0 s; killed: yes" in ended.err.splitlines()[-1]
    time.sleep(0.3)
    assert at.host.run(["pgrep", "-f", "sleep 4711"]).returncode != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_command_on_the_vm(vmc, at, number):
    process = vmc.start("exec", *at.words, "--", "echo ready; exec sleep 4712")
    assert process.stdout.readline() == b"ready\n"
    began = time.monotonic()
    process.send_signal(number)
    process.communicate(timeout=10)
    assert process.returncode == 128 + number
    assert time.monotonic() - began < 3
    assert at.host.run(["pgrep", "-f", "sleep 4712"]).returncode != 0


def test_a_second_ctrl_c_ends_us_at_once(vmc, own_host):
    at = own_host()
    process = vmc.start("exec", *at.words, "--", "echo ready; exec sleep 60")
    assert process.stdout.readline() == b"ready\n"
    at.host.fault("drop")
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=1)
    assert process.returncode == 130


def resident_kb(process):
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


@pytest.mark.parametrize("how", ["timeout", "SIGINT"])
def test_a_consumer_that_does_not_read_holds_up_neither_timeout_nor_ctrl_c(vmc, at, how):
    options = ("--timeout", "3") if how == "timeout" else ()
    began = time.monotonic()
    process = vmc.start("exec", *options, *at.words, "--", "exec yes stalled4713")
    assert process.stdout.read(10)
    time.sleep(2)
    if how == "SIGINT":
        began = time.monotonic() - 3
        process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=8)
    finally:
        process.kill()
    assert process.returncode == (124 if how == "timeout" else 130)
    assert time.monotonic() - began < 3 + 4  # a busy machine ends it a second or two later
    assert at.host.run(["pgrep", "-f", "stalled4713"]).returncode != 0


def test_endless_output_into_a_slow_consumer_costs_flat_memory(vmc, at):
    process = vmc.start("exec", *at.words, "--", "exec cat /dev/zero")
    process.stdout.read(1 << 20)
    before = resident_kb(process)
    for _ in range(60):
        process.stdout.read(1 << 19)
        time.sleep(0.05)
    after = resident_kb(process)
    process.kill()
    process.communicate()
    assert after - before < 32 * 1024


def test_a_reader_that_has_gone_ends_the_command_as_a_broken_pipe_does(vmc, at):
    line = f"{VMC} exec {' '.join(at.words)} -- 'exec yes gone4714' | head -n 1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", line], capture_output=True, env=vmc.environment, timeout=15,
                           stdin=subprocess.DEVNULL, text=True)
    assert ended.stdout == "gone4714\n141\n"
    assert at.host.run(["pgrep", "-f", "gone4714"]).returncode != 0


FIELDS = {"schema", "host", "outcome", "exit_code", "signal", "may_have_run", "reconnects", "stdout_bytes",
          "stderr_bytes", "boot_id", "cause"}


@pytest.mark.parametrize("line, options, expected", [
    ("echo hi; exit 3", (),
     {"outcome": "exited", "exit_code": 3, "stdout_bytes": 3, "may_have_run": "yes", "cause": "none"}),
    ("exec sh -c 'kill -9 $$'", (), {"outcome": "signalled", "signal": "KILL", "exit_code": None}),
    ("sleep 60", ("--timeout", "1"), {"outcome": "timed_out", "killed": "yes"}),
], ids=["exited", "signalled", "timed out"])
def test_the_result_file_tells_how_it_ended(vmc, at, tmp_path, line, options, expected):
    path = tmp_path / "result.json"
    path.write_text("old")
    vmc("exec", "--result", path, *options, *at.words, "--", line)
    result = json.loads(path.read_text())
    assert FIELDS <= result.keys()
    assert {key: result[key] for key in expected} == expected
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.name.startswith("result")) == ["result.json"]


def test_a_remote_255_is_told_from_ours(vmc, at, tmp_path):
    path = tmp_path / "result.json"
    assert vmc("exec", "--result", path, *at.words, "--", "exit 255").code == 255
    assert json.loads(path.read_text())["outcome"] == "exited"
    assert vmc("exec", "--result", path, "-i", at.wrong_key, at.name, "--", "true").code == 255
    result = json.loads(path.read_text())
    assert (result["outcome"], result["cause"], result["may_have_run"]) == ("refused", "auth-denied", "no")


def test_json_is_one_document_a_line_and_loses_no_byte(vmc, at):
    ended = vmc("exec", "--json", *at.words, "--", "printf 'a\\377b'; sleep 0.2; echo text; echo err >&2")
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert all(event["schema"] == 1 for event in events)
    assert events[-1]["event"] == "outcome" and events[-1]["outcome"] == "exited"
    assert "text\n" in "".join(event.get("data", "") for event in events if event["event"] == "stdout")
    assert [event["base64"] for event in events if "base64" in event] == ["Yf9i"]
    assert [event["data"] for event in events if event["event"] == "stderr"] == ["err\n"]


def test_a_link_that_dies_is_reported_lost_and_never_sent_again(vmc, own_host, tmp_path):
    at = own_host()
    path = tmp_path / "result.json"
    process = vmc.start("exec", "--result", path, *at.words, "--", "echo ran >> /tmp/ledger; echo ready; sleep 60")
    assert process.stdout.readline() == b"ready\n"
    at.host.sshd("kill-sessions")
    _, err = process.communicate(timeout=5)
    assert process.returncode == 255 and b"lost" in err
    result = json.loads(path.read_text())
    assert (result["outcome"], result["may_have_run"]) == ("lost", "yes")
    time.sleep(1)
    assert at.host.run(["cat", "/tmp/ledger"]).stdout == "ran\n"


def relay(address, port):
    """Accepts for a VM that may be gone, as a forwarded port does."""
    def act(connection):
        with socket.create_connection((address, port)) as beyond:
            def pump(source, sink):
                with contextlib.suppress(OSError):
                    while data := source.recv(65536):
                        sink.sendall(data)
            threading.Thread(target=pump, args=(connection, beyond), daemon=True).start()
            pump(beyond, connection)
    return act


def in_bursts(address, port):
    """Hands on what the VM says once it has said nothing for a while: output, end and close arrive as one."""
    def act(connection):
        with socket.create_connection((address, port)) as beyond:
            heard = b""
            while ready := select.select([connection, beyond], [], [], 0.1 if heard else None)[0] or [None]:
                for one in ready:
                    if one is None:
                        connection.sendall(heard)
                        heard = b""
                    elif not (data := one.recv(1 << 20)):
                        return connection.sendall(heard)
                    elif one is beyond:
                        heard += data
                    else:
                        beyond.sendall(data)
    return act


def test_what_comes_in_one_burst_with_the_close_is_delivered_whole(vmc, at, server):
    forwarded = server(in_bursts(at.address, at.port))
    wanted = "".join(f"{n}\n" for n in range(1, 30001)).encode()
    for _ in range(5):
        ended = vmc("exec", "-i", at.key, forwarded.name, "--", "seq 1 30000; seq 1 30000 >&2; exit 9")
        assert (ended.code, ended.stdout, wanted in ended.stderr) == (9, wanted, True), ended
    print("5 bursts, none cut short")


def test_a_forwarded_port_that_acknowledges_is_not_taken_for_the_vm(vmc, own_host, server):
    at = own_host()
    forwarded = server(relay(at.address, at.port))
    process = vmc.start("exec", "-i", at.key, forwarded.name, "--", "sleep 1; echo 1; sleep 60")
    assert process.stdout.readline() == b"1\n"
    at.host.fault("drop")
    told = [process.stderr.readline().decode() for _ in range(2)][-1]
    process.kill()
    assert "no answer" in told and "TCP answers" not in told, told


def test_a_silent_link_is_told_at_once_and_goes_on_when_it_heals(vmc, own_host):
    at = own_host()
    process = vmc.start("exec", *at.words, "--", "for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.5; done")
    assert process.stdout.readline() == b"1\n"
    at.host.fault("drop")
    assert b"accepted from now on: SHA256:" in process.stderr.readline()
    line = process.stderr.readline().decode()
    assert line.startswith("vmc: ") and "trying a new connection" in line
    at.host.heal()
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out == b"".join(b"%d\n" % i for i in range(2, 11))


@pytest.mark.parametrize("how", ["timeout", "SIGINT"])
def test_neither_timeout_nor_ctrl_c_waits_for_a_dead_path(vmc, own_host, how):
    at = own_host()
    options = ("--timeout", "4") if how == "timeout" else ()
    began = time.monotonic()
    process = vmc.start("exec", *options, *at.words, "--", "echo ready; exec sleep 60")
    assert process.stdout.readline() == b"ready\n"
    at.host.fault("drop")
    if how == "SIGINT":
        time.sleep(1)
        began = time.monotonic() - 4
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    print(f"{how}: over after {time.monotonic() - began - 4:.1f} s more")
    assert process.returncode == (124 if how == "timeout" else 130)
    if how == "timeout":
        assert b"killed: unknown" in err or b"killed: no" in err
    assert time.monotonic() - began < 4 + 7


def test_quiet_says_nothing_but_failures(vmc, at):
    assert vmc("exec", "-q", *at.words, "--", "sleep 20 & echo hi").err == ""
    assert "authentication" in vmc("exec", "-q", "-i", at.wrong_key, at.name, "--", "true").err


def test_verbose_tells_the_steps(vmc, at):
    assert "connected" in vmc("exec", "-v", *at.words, "--", "true").err


@pytest.mark.parametrize("shell", SHELLS)
def test_words_arrive_exactly_as_typed_whatever_the_login_shell(vmc, polyglot, shell):
    words = ["it's", 'say "hi"', "a\nb", "$HOME `id` $(id)", "*", "", " ", "\\", "back\\slash\\n", "!x", "~", "-n", "é",
             "a;b&c|d", "%s", "{a,b}", "[x]", "#", "=", "^"]
    ended = vmc("exec", *polyglot(shell), "--", "printf", "%s\\0", *words)
    assert ended.stdout.split(b"\0")[:-1] == [word.encode() for word in words], ended
    ended = vmc("exec", "--cwd", "/tmp", "--env", "A=x 'y'!", *polyglot(shell), "--", "sh", "-c", 'echo "$PWD|$A"')
    assert ended.out == "/tmp|x 'y'!\n", ended


@pytest.mark.parametrize("shell", SHELLS)
def test_boot_and_timeouts_work_whatever_the_login_shell(vmc, polyglot, shell):
    assert vmc("boot", "show", *polyglot(shell)).code == 0
    ended = vmc("exec", "--timeout", "1", *polyglot(shell), "--", "sleep 4713", within=10)
    assert ended.code == 124 and "killed: yes" in ended.err, ended


def test_a_child_that_left_for_a_session_of_its_own_is_not_called_killed(vmc, at):
    ended = vmc("exec", "--timeout", "1", *at.words, "--", "setsid -w sleep 4714", within=12)
    assert ended.code == 124 and "killed: no" in ended.err, ended
    assert at.host.run(["pkill", "-f", "sleep 4714"]).returncode == 0


def test_a_timeout_while_connecting_is_124_and_nothing_ran(vmc, own_host, tmp_path):
    at = own_host()
    at.host.fault("drop")
    ended = vmc("exec", "--timeout", "1", "--result", tmp_path / "r", *at.words, "--", "true", within=10)
    told = json.loads((tmp_path / "r").read_text())
    assert (ended.code, told["outcome"], told["may_have_run"]) == (124, "refused", "no"), ended


def test_an_interrupt_while_connecting_leaves_a_result_and_no_drafts(vmc, no_key, server, tmp_path):
    silent = server(lambda connection: time.sleep(60))
    process = vmc.start("exec", "--result", tmp_path / "r", *no_key, silent.name, "--", "true")
    while not silent.calls:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    told = json.loads((tmp_path / "r").read_text())
    assert (process.returncode, told["outcome"], told["may_have_run"]) == (130, "refused", "no")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("r")] == ["r"]


def test_an_interrupt_on_a_silent_link_says_that_it_ran_and_may_go_on(vmc, own_host, tmp_path):
    at = own_host()
    process = vmc.start("exec", "--result", tmp_path / "r", *at.words, "--", "echo started; exec sleep 4715")
    assert process.stdout.readline() == b"started\n"
    at.host.fault("drop")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=15)
    told = json.loads((tmp_path / "r").read_text())
    assert (process.returncode, told["outcome"], told["may_have_run"]) == (130, "lost", "yes")
    assert told["took_ms"] > 0 and b"may go on" in err


def test_the_result_goes_to_our_stdout_behind_what_is_there(vmc, at, tmp_path):
    with open(tmp_path / "out", "wb") as out:
        out.write(b"before\n")
        out.flush()
        vmc.start("exec", "--result", "/dev/stdout", *at.words, "--", "echo hi", stdout=out).wait(20)
    lines = (tmp_path / "out").read_text().splitlines()
    assert lines[:2] == ["before", "hi"] and json.loads(lines[2])["outcome"] == "exited"


def test_a_full_disk_under_stdout_is_not_passed_over(vmc, at):
    with open("/dev/full", "wb") as full:
        process = vmc.start("check", "--json", *at.words, stdout=full)
        assert b"No space left" in process.communicate(timeout=20)[1] and process.returncode == 125


def test_the_most_likely_slip_is_answered_with_what_to_type(vmc):
    ended = vmc("exec", "web-1", "uptime")
    assert ended.code == 64 and "stands after --" in one_line(ended)


def test_a_reader_that_goes_away_leaves_no_half_sentence(vmc, at):
    process = subprocess.run(["sh", "-c", f"{VMC} exec {' '.join(at.words)} -- yes | head -1"], capture_output=True,
                             env=vmc.environment, timeout=20)
    assert process.stdout == b"y\n"
    assert process.stderr in (b"", f"vmc: {at.name}: ending the command on the VM\n".encode())


@pytest.mark.parametrize("file", ["/tmp", "/dev/null"])
def test_an_ssh_configuration_that_is_no_file_is_no_crash(vmc, file):
    ended = vmc("exec", "-F", file, "127.0.0.1:1", "--", "true")
    assert ended.code in (64, 125, 255) and "terminate" not in ended.err
