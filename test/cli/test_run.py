# SPDX-License-Identifier: Apache-2.0
"""vmc run and its kin: a command becomes a job, and what happens here does not matter to it."""

import json
import signal
import subprocess
import time
import uuid

import pytest

pytestmark = pytest.mark.host
NUMBERS = "seq 1 40000; seq 1 30000 >&2"
EXPECTED = ("".join(f"{n}\n" for n in range(1, 40001)).encode(), "".join(f"{n}\n" for n in range(1, 30001)).encode())


def detached(vmc, at, *words):
    ended = vmc("run", "--detach", *words[:-1], *at.words, "--", words[-1])
    assert ended.code == 0, ended
    return ended.out.strip()


def job(vmc, at, name):
    return next(one for one in vmc("jobs", "--json", *at.words).json["jobs"] if name in (one["id"], one["name"]))


def test_the_exit_code_and_both_streams_are_those_of_the_command(vmc, at):
    ended = vmc("run", *at.words, "--", "echo out; echo err >&2; exit 7")
    assert (ended.code, ended.stdout, ended.stderr) == (7, b"out\n", b"err\n")


def test_several_words_arrive_as_typed(vmc, at):
    ended = vmc("run", *at.words, "--", "printf", "<%s>", "a  b", "it's", "$HOME", "*", "!x")
    assert ended.stdout == b"<a  b><it's><$HOME><*><!x>"


def test_much_output_arrives_once_and_in_order(vmc, at):
    ended = vmc("run", *at.words, "--", NUMBERS)
    assert (ended.code, ended.stdout, ended.stderr) == (0, *EXPECTED)


@pytest.mark.parametrize("name, number", [("TERM", 15), ("KILL", 9), ("SEGV", 11), ("HUP", 1), ("USR1", 10)])
def test_a_signal_is_told_from_an_exit_code(vmc, at, tmp_path, name, number):
    killed = vmc("run", "--result", tmp_path / "r", *at.words, "--", f"kill -{name} $$")
    assert killed.code == 128 + number
    told = json.loads((tmp_path / "r").read_text())
    assert (told["outcome"], told["signal"], told["exit_code"]) == ("signalled", name, None)
    exited = vmc("run", "--result", tmp_path / "r", *at.words, "--", f"exit {128 + number}")
    told = json.loads((tmp_path / "r").read_text())
    assert exited.code == 128 + number
    assert (told["outcome"], told["signal"], told["exit_code"]) == ("exited", None, 128 + number)


def test_the_result_file_has_the_whole_truth(vmc, at, tmp_path):
    vmc("run", "--name", "truth", "--result", tmp_path / "r", *at.words, "--", "echo abc; exit 5")
    told = json.loads((tmp_path / "r").read_text())
    assert told["schema"] == 1 and told["outcome"] == "exited" and told["exit_code"] == 5
    assert told["may_have_run"] == "yes" and told["stdout_bytes"] == 4 and told["cause"] == "none"
    assert told["job"]["name"] == "truth" and told["boot_id"] == at.boot_id


def test_a_detached_job_is_attached_to_by_name_by_somebody_else(vmc, at, tmp_path):
    started = detached(vmc, at, "--name", "later", "echo first; sleep 2; echo second; echo oops >&2; exit 4")
    assert uuid.UUID(started)
    assert job(vmc, at, "later")["state"] == "running"
    vmc.environment["XDG_STATE_HOME"] = str(tmp_path / "another")
    ended = vmc("attach", *at.words, "later")
    assert (ended.code, ended.stdout) == (4, b"first\nsecond\n") and b"oops" in ended.stderr


def test_attach_begins_where_it_is_told(vmc, at):
    started = detached(vmc, at, "printf 0123456789")
    vmc("attach", *at.words, started)
    assert vmc("attach", "--from", "7", *at.words, started).stdout == b"789"
    assert vmc("attach", "--from", "end", *at.words, started).stdout == b""


def test_logs_show_what_was_printed_and_nothing_of_how_it_ended(vmc, at):
    started = detached(vmc, at, "echo one; echo two >&2; exit 9")
    vmc("attach", *at.words, started)
    logs = vmc("logs", *at.words, started)
    assert (logs.code, logs.stdout) == (0, b"one\n")
    assert vmc("logs", "--stderr", *at.words, started).stdout == b"two\n"


def test_logs_of_a_running_job_do_not_wait_for_it(vmc, at):
    started = detached(vmc, at, "echo here; sleep 20")
    deadline = time.monotonic() + 10
    while (logs := vmc("logs", *at.words, started)).stdout != b"here\n" and time.monotonic() < deadline:
        pass
    assert logs.stdout == b"here\n" and logs.seconds < 8
    vmc("cancel", *at.words, started)


def test_a_killed_client_changes_nothing_and_the_files_are_continued_at_the_byte(vmc, at, tmp_path):
    """The file's own size is the offset: nothing is missing in it and nothing twice."""
    out, err = tmp_path / "out", tmp_path / "err"
    identity = str(uuid.uuid4())
    words = ("run", "--id", identity, "--stdout", out, "--stderr", err, *at.words, "--",
             "i=0; while [ $i -lt 60 ]; do i=$((i+1)); seq 1 1000; seq 1 500 >&2; sleep 0.05; done; exit 3")
    for _ in range(5):
        process = vmc.start(*words)
        time.sleep(0.5)
        process.kill()
        process.communicate()
    ended = vmc(*words)
    assert ended.code == 3, ended
    assert out.read_text() == "".join(f"{n}\n" for n in range(1, 1001)) * 60
    assert err.read_text() == "".join(f"{n}\n" for n in range(1, 501)) * 60


def test_an_id_runs_once_whoever_submits_it(vmc, at):
    identity = str(uuid.uuid4())
    clients = [vmc.start("run", "--id", identity, *at.words, "--", f"echo ran >>/tmp/{identity}; cat /tmp/{identity}")
               for _ in range(6)]
    ended = [client.communicate(timeout=30)[0] for client in clients]
    assert ended == [b"ran\n"] * 6 and {client.returncode for client in clients} == {0}


def test_an_id_of_another_command_is_refused(vmc, at):
    identity = str(uuid.uuid4())
    vmc("run", "--id", identity, *at.words, "--", "true")
    ended = vmc("run", "--id", identity, *at.words, "--", "false")
    assert ended.code == 125 and "this id belongs to another job" in ended.err


def test_a_timeout_ends_all_that_it_started_and_keeps_what_it_printed(vmc, at, tmp_path):
    mark = uuid.uuid4().hex
    line = (f"echo begun; sh -c 'trap \"\" TERM; : {mark}; while :; do sleep 1; done' & "
            f"setsid sh -c ': {mark}; sleep 300' & wait")
    limits = ("--timeout", "2s", "--kill-after", "1s")
    ended = vmc("run", *limits, "--result", tmp_path / "r", *at.words, "--", line, within=40)
    assert (ended.code, ended.stdout) == (124, b"begun\n"), ended
    told = json.loads((tmp_path / "r").read_text())
    assert told["job"]["killed"] == "yes" and told["job"]["escaped"] >= 1
    left = vmc("exec", *at.words, "--", f"grep -l '{mark[:-1]}[{mark[-1]}]' /proc/[0-9]*/cmdline | wc -l")
    assert left.out.strip() == "0", left


def test_a_timeout_never_comes_before_its_time(vmc, at):
    """Begun at any fraction of a second."""
    for fraction in range(6):
        time.sleep(fraction / 6)
        ended = vmc("run", "--timeout", "1s", *at.words, "--", "sleep 0.9; echo in time; sleep 60")
        assert (ended.code, ended.stdout) == (124, b"in time\n"), ended


def test_ctrl_c_ends_the_job_and_a_hangup_leaves_it_alone(vmc, at):
    process = vmc.start("run", *at.words, "--", "echo go; sleep 60")
    assert process.stdout.readline() == b"go\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130

    process = vmc.start("run", "--name", "alone", *at.words, "--", "echo go; sleep 3; exit 6")
    assert process.stdout.readline() == b"go\n"
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 129 and b"vmc attach" in err
    assert vmc("attach", *at.words, "alone").code == 6


def test_too_much_output_ends_it_with_that_cause(vmc, at, tmp_path):
    line = "while :; do head -c 100000 /dev/zero; sleep 0.05; done"
    ended = vmc("run", "--max-output", "1M", "--result", tmp_path / "r", *at.words, "--", line)
    told = json.loads((tmp_path / "r").read_text())
    assert ended.code == 137 and told["cause"] == "output-cap"
    assert 1 << 20 < told["stdout_bytes"] < 8 << 20 and len(ended.stdout) == told["stdout_bytes"]


def test_it_has_its_environment_its_directory_and_its_input(vmc, at, tmp_path):
    (tmp_path / "in").write_bytes(bytes(range(256)) * 1000)
    (tmp_path / "env").write_text("# a comment\nB=two words\nC='quoted'\n")
    ended = vmc("run", "--env", "A=it's\n2", "--env-file", tmp_path / "env", "--cwd", "/usr/lib", "--stdin",
                tmp_path / "in", *at.words, "--", 'printf "%s|" "$A" "$B" "$C" "$PWD"; cksum')
    sums = subprocess.run(["cksum"], stdin=open(tmp_path / "in", "rb"), capture_output=True).stdout
    assert ended.stdout == b"it's\n2|two words|'quoted'|/usr/lib|" + sums


def test_what_it_is_given_in_secret_is_in_no_record(vmc, at):
    started = detached(vmc, at, "--env", "TOKEN=hunter2", "true")
    vmc("attach", *at.words, started)
    found = vmc("exec", *at.words, "--", f"grep -r hunter2 /var/lib/vm-connection/jobs/{started}; true")
    assert found.stdout == b"", found


def test_its_environment_is_that_of_a_login(vmc, at):
    wanted = vmc("exec", *at.words, "--", 'echo "$PATH|${LC_ALL-none}|$HOME|$PWD"').stdout
    assert vmc("run", *at.words, "--", 'echo "$PATH|${LC_ALL-none}|$HOME|$PWD"').stdout == wanted


@pytest.mark.parametrize("name", ["INT", "QUIT", "HUP", "PIPE", "TERM"])
def test_no_signal_is_ignored_in_it_that_is_not_in_a_login(vmc, at, name):
    ended = vmc("run", *at.words, "--", f"trap 'echo caught' {name}; kill -{name} $$; exit 0")
    assert ended.stdout == b"caught\n", ended


def test_its_cleanup_runs_after_every_ending(vmc, at):
    for line, state in (("exit 3", "exited"), ("kill -KILL $$", "signalled")):
        mark = "/tmp/" + uuid.uuid4().hex
        vmc("run", "--cleanup", f'echo "$VMC_JOB_STATE" >{mark}', *at.words, "--", line)
        seen = vmc("exec", *at.words, "--", f"for i in 1 2 3 4 5 6 7 8 9; do cat {mark} && exit; sleep 0.2; done")
        assert seen.out.strip() == state


def test_a_cleanup_that_a_reboot_prevented_is_run_by_whoever_comes_next(vmc, own_host, tmp_path):
    at = own_host()
    process = vmc.start("run", "--cleanup", 'echo "after $VMC_JOB_STATE" >>/var/cleaned', *at.words, "--",
                        "touch /run/begun; sleep 100")
    assert at.host.run(["sh", "-c", "until [ -e /run/begun ]; do sleep 0.05; done"]).returncode == 0
    at.host.reboot()
    _, err = process.communicate(timeout=40)
    assert process.returncode == 75 and b"it has been run now" in err, err
    job = vmc("jobs", "--json", *at.words).json["jobs"][0]
    again = vmc("attach", *at.words, job["id"])
    assert again.code == 75 and "cleanup" not in again.err, again
    assert at.host.run(["cat", "/var/cleaned"]).stdout == "after interrupted\n"


def test_a_removed_job_is_gone_and_its_id_stays_taken(vmc, at):
    identity = str(uuid.uuid4())
    vmc("run", "--id", identity, *at.words, "--", "true")
    assert vmc("rm", *at.words, identity).code == 0
    assert identity not in vmc("jobs", *at.words).out
    again = vmc("run", "--id", identity, *at.words, "--", "true")
    assert again.code == 125 and "was removed; it never runs again" in again.err


def test_looking_for_a_job_in_a_mistyped_directory_makes_none(vmc, at):
    for words in (["jobs"], ["attach"], ["logs"], ["cancel"], ["rm"]):
        job = [] if words == ["jobs"] else ["a-name"]
        looked = vmc(*words, "--directory", "/var/tmp/mistyped", *at.words, *job)
        assert looked.code == 125 and "there is no directory /var/tmp/mistyped on the VM" in looked.err, looked
    assert vmc("exec", *at.words, "--", "test -e /var/tmp/mistyped").code == 1


def test_a_running_job_is_not_removed(vmc, at):
    started = detached(vmc, at, "sleep 30")
    ended = vmc("rm", *at.words, started)
    assert ended.code == 125 and "still runs" in ended.err
    cancelled = vmc("cancel", *at.words, started)
    assert cancelled.code == 0 and "cancelled" in cancelled.err


@pytest.mark.parametrize("verb", ["attach", "logs", "cancel", "rm"])
def test_a_job_that_is_not_there_is_said_in_one_line(vmc, at, verb):
    for name in ("nobody", str(uuid.uuid4())):
        ended = vmc(verb, *at.words, name)
        assert ended.code == 125 and ended.err.count("vmc:") == 1 and " no " in ended.err, ended


@pytest.mark.parametrize("words", [("--name", "a/b"), ("--name", "a\nb"), ("--name", "-x"), ("--id", "x"),
                                   ("--on-reboot", "maybe"), ("--max-output", "lots"), ("--timeout", "soon"),
                                   ("--env", "novalue"), ("--directory", "relative"), ("--stdin", "/nonexistent")])
def test_what_makes_no_sense_is_refused_before_anything_is_sent(vmc, at, words):
    option, value = words
    ended = vmc("run", f"{option}={value}", *at.words, "--", "true")
    assert ended.code == 64 and ended.err.count("\n") <= 2 and not ended.stdout, ended


DOWN = ("dev=$(ls /sys/class/net | grep -v lo | head -n 1); ip route save table main >/tmp/routes; "
        "ip -6 addr show dev $dev scope global | sed -n 's/.*inet6 \\([^ ]*\\).*/\\1/p' >/tmp/six; "
        "echo $dev >/tmp/dev; ip link set $dev down; ")
UP = ("dev=$(cat /tmp/dev); ip link set $dev up; "
      "while read -r six; do ip addr add $six dev $dev nodad; done </tmp/six; ip route restore </tmp/routes; ")


def test_a_command_that_takes_its_own_interface_down_and_up_ends_with_its_code(vmc, own_host, tmp_path):
    at = own_host()
    line = f"seq 1 20000; {DOWN} sleep 20; {UP} seq 20001 40000; exit 3"
    ended = vmc("run", "--result", tmp_path / "r", *at.words, "--", line, within=90)
    told = json.loads((tmp_path / "r").read_text())
    assert (ended.code, told["outcome"]) == (3, "exited"), ended
    assert ended.stdout == EXPECTED[0], (len(ended.stdout), ended.err)


def test_a_command_that_shuts_us_out_is_undone_by_the_vm_itself(vmc, own_host, tmp_path):
    at = own_host()
    ended = vmc("run", "--revert", UP, "--confirm-within", "8s", "--result", tmp_path / "r", *at.words, "--",
                f"echo before; {DOWN} echo after; exit 4", within=90)
    told = json.loads((tmp_path / "r").read_text())
    assert (ended.code, ended.stdout, told["job"]["revert"]) == (4, b"before\nafter\n", "reverted"), ended


def test_a_command_that_leaves_the_way_open_is_confirmed_by_coming_back(vmc, at, tmp_path):
    mark = "/tmp/" + uuid.uuid4().hex
    ended = vmc("run", "--revert", f"touch {mark}", "--confirm-within", "5s", "--result", tmp_path / "r", *at.words,
                "--", "echo fine; sleep 1")
    told = json.loads((tmp_path / "r").read_text())
    assert (ended.code, ended.stdout, told["job"]["revert"]) == (0, b"fine\n", "confirmed"), ended
    time.sleep(6)
    assert vmc("exec", *at.words, "--", f"test -e {mark}").code == 1


def test_nobody_comes_back_and_the_vm_reverts(vmc, at):
    mark = "/tmp/" + uuid.uuid4().hex
    started = detached(vmc, at, "--revert", f"echo undone >{mark}", "--confirm-within", "2s", "echo done")
    seen = vmc("exec", *at.words, "--", f"for i in $(seq 1 50); do cat {mark} && exit; sleep 0.2; done")
    assert seen.out == "undone\n"
    ended = vmc("attach", *at.words, started)
    assert ended.code == 0 and "reverted, because nobody confirmed in time" in ended.err, ended


def test_a_reboot_takes_the_switch_with_it_and_the_job_is_said_to_be_interrupted(vmc, own_host, tmp_path):
    at = own_host()
    process = vmc.start("run", "--revert", "touch /var/reverted", "--confirm-within", "100s",
                        "--result", tmp_path / "r", *at.words, "--", "echo begun; touch /run/begun; sleep 100")
    assert at.host.run(["sh", "-c", "until [ -e /run/begun ]; do sleep 0.05; done"]).returncode == 0
    at.host.reboot()
    _, err = process.communicate(timeout=40)
    told = json.loads((tmp_path / "r").read_text())
    assert (process.returncode, told["outcome"]) == (75, "interrupted"), err
    assert told["job"]["revert"] == "confirmed", told


def test_a_job_that_is_entered_again_has_its_switch_again(vmc, own_host, tmp_path):
    at = own_host()
    line = f"if [ $VMC_REBOOT_COUNT = 0 ]; then touch /run/begun; sleep 100; fi; {DOWN} exit 4"
    process = vmc.start("run", "--on-reboot", "resume", "--revert", UP, "--confirm-within", "8s",
                        "--result", tmp_path / "r", *at.words, "--", line)
    assert at.host.run(["sh", "-c", "until [ -e /run/begun ]; do sleep 0.05; done"]).returncode == 0
    at.host.reboot()
    _, err = process.communicate(timeout=60)
    told = json.loads((tmp_path / "r").read_text())
    assert (process.returncode, told["job"]["reboots"], told["job"]["revert"]) == (4, 1, "reverted"), err


def test_prune_takes_what_ended_and_leaves_what_runs(vmc, own_host):
    at = own_host()
    done = detached(vmc, at, "head -c 3000 /dev/zero")
    vmc("attach", *at.words, done)
    running = detached(vmc, at, "sleep 30")
    assert vmc("jobs", "--prune", *at.words).out == ""
    assert vmc("jobs", "--prune", "--keep", "1K", *at.words).out == done + "\n"
    assert [one["id"] for one in vmc("jobs", "--json", *at.words).json["jobs"]] == [running]
    vmc("cancel", *at.words, running)


def test_without_tmux_on_the_vm_the_job_runs_all_the_same(vmc, at):
    ended = vmc("run", "--tmux", *at.words, "--", "echo done")
    assert (ended.code, ended.stdout) == (0, b"done\n")
    assert "no tmux on the VM" in ended.err or "tmux attach -t vmc-" in ended.err
