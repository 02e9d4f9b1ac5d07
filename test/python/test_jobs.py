# SPDX-License-Identifier: Apache-2.0
"""Jobs: commands that outlive the connection and the program that submitted them."""

import asyncio
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest

import vm_connection
from vm_connection import (ConnectionLostError, Job, JobFailedError, JobInterrupted, JobNotEndedError, SSHConnection,
                           VMConnection, VMConnectionError, aio)


def test_a_job_is_submitted_and_waited_for(conn):
    lines = []
    job = conn.submit("echo one; echo oops >&2; sleep 0.2; echo two; exit 3", name="first")
    assert isinstance(job, Job) and uuid.UUID(job.id).version == 4 and job.name == "first"
    status = job.wait(lines.append)
    assert [line for line in lines if not line.startswith("STDERR: ")] == ["one", "two"] and "STDERR: oops" in lines
    assert (status.id, status.state, status.exit_code, status.ok, status.ended) == (job.id, "exited", 3, False, True)
    assert status.shell_code == 3 and status.name == "first" and status.started_at <= status.ended_at
    assert (status.stdout_bytes, status.stderr_bytes) == (8, 5)


def test_a_signal_is_told_by_name(conn):
    status = conn.submit("kill -KILL $$").wait()
    assert (status.state, status.signal, status.exit_code, status.shell_code) == ("signalled", "KILL", None, 137)


def test_environment_directory_input_and_words(conn):
    job = conn.submit(["sh", "-c", 'cat; echo "$GREETING from $PWD" "$@"', "sh", "a  b"], env={"GREETING": "it's me"},
                      cwd="/tmp", stdin=b"in\xff\n")
    job.wait(check=True)
    output = job.output()
    assert output.stdout_raw == b"in\xff\nit's me from /tmp a  b\n" and output.stderr == ""


def test_output_is_had_in_pieces_while_it_runs(conn):
    job = conn.submit("echo first; while ! [ -e /tmp/go ]; do sleep 0.1; done; echo second; rm /tmp/go")
    while not (early := job.output()).stdout:
        time.sleep(0.1)
    assert early.stdout == "first\n" and early.status.state == "running" and not early.truncated
    conn.execute("touch /tmp/go")
    lines = []
    job.wait(lines.append, stdout_from=len(early.stdout_raw))
    assert lines == ["second"]
    assert job.output(stdout_from=6).stdout == "second\n"
    cut = job.output(limit=5)
    assert cut.stdout == "first" and cut.truncated


def test_another_program_attaches_by_id_or_name(conn, host):
    job = conn.submit("echo here; exit 5", name="by-name")
    with VMConnection(**host.where()) as vm:
        assert vm.job(job.id).wait().exit_code == 5
        again = vm.job("by-name")
        assert again.id == "by-name" and again.status().exit_code == 5
        assert (again.id, again.name) == (job.id, "by-name")
        assert job.id in [status.id for status in vm.jobs()]


def test_the_same_id_runs_once(conn):
    mine = str(uuid.uuid4())
    for _ in range(2):
        assert conn.submit(f"echo ran >>/tmp/{mine}", id=mine).id == mine
    assert conn.job(mine).wait().ok
    assert conn.run(f"cat /tmp/{mine}").stdout == "ran\n"
    with pytest.raises(VMConnectionError):
        conn.submit("echo another", id=mine)


def test_check_raises_what_went_wrong(conn):
    assert conn.submit("true").wait(check=True).ok
    with pytest.raises(JobFailedError) as caught:
        conn.submit("exit 9").wait(check=True)
    assert caught.value.status.exit_code == 9


def test_limits_end_it_on_the_vm(conn, host):
    status = conn.submit("exec sleep 4723.1", timeout=0.5).wait()
    assert (status.state, status.killed) == ("timed_out", "yes") and host.running("sleep 4723.1") == 0
    capped = conn.submit("while :; do seq 1000; sleep 0.05; done", max_output=100_000, timeout=30).wait()
    assert (capped.state, capped.cause) == ("killed", "output-cap")


def test_cancel_ends_all_that_it_started(conn, host):
    job = conn.submit("sleep 4723.2 & sleep 4723.2")
    assert job.status().state == "running"
    assert job.cancel().state == "cancelled" and host.running("sleep 4723.2") == 0
    assert job.wait().state == "cancelled"


def test_a_job_is_removed(conn):
    job = conn.submit("true")
    job.wait()
    job.remove()
    assert job.id not in [status.id for status in conn.jobs()]
    for gone in (job, conn.job(str(uuid.uuid4()))):
        with pytest.raises(VMConnectionError, match="no such job"):
            gone.status()
        with pytest.raises(VMConnectionError, match="no such job"):
            gone.wait()


def test_pruning_gives_the_ids(own_host):
    with SSHConnection(**own_host.where()) as conn:
        gone = conn.submit("echo x")
        gone.wait()
        stays = conn.submit("sleep 60")
        assert conn.prune_jobs(older=3600) == []
        time.sleep(1.1)  # ages are whole seconds
        assert conn.prune_jobs(older=0) == [gone.id]
        assert [status.id for status in conn.jobs()] == [stays.id]
        stays.cancel()


def test_jobs_live_where_they_are_told_to(conn):
    elsewhere = "/srv/jobs-" + uuid.uuid4().hex
    job = conn.submit("echo there", directory=elsewhere, volatile=True)
    assert job.wait().ok and job.directory == elsewhere
    assert [status.id for status in conn.jobs(directory=elsewhere)] == [job.id]
    assert job.id not in [status.id for status in conn.jobs()]
    assert conn.job(job.id, directory=elsewhere).output().stdout == "there\n"
    assert conn.prune_jobs(older=3600, directory=elsewhere) == []


def test_a_failed_submit_names_the_job_and_says_what_it_started(conn):
    mine = str(uuid.uuid4())
    with pytest.raises(VMConnectionError, match=f"job {mine}: this submit started nothing.*in memory") as caught:
        conn.submit("true", id=mine, directory="/run/jobs")
    assert not isinstance(caught.value, ConnectionLostError)


def test_nobody_waits_longer_than_lost_after(own_host):
    with SSHConnection(**own_host.where()) as conn:
        job = conn.submit("sleep 600")
        own_host.do("off")
        begun = time.monotonic()
        with pytest.raises(ConnectionLostError, match="may go on"):
            job.wait(lost_after=3)
        assert time.monotonic() - begun < 3 + 12  # silence is noticed within ten


def test_a_broken_link_costs_no_line(own_host):
    lines, notes = [], []
    with SSHConnection(**own_host.where()) as conn:
        job = conn.submit("for i in $(seq 60); do echo line $i; sleep 0.05; done")

        def hear(line):
            lines.append(line)
            if len(lines) in (10, 30):
                own_host.do("sshd", "kill-sessions")

        assert job.wait(hear, note_callback=notes.append).ok
    assert lines == [f"line {i}" for i in range(1, 61)]
    assert any("followed again" in note for note in notes)


def test_closing_the_connection_leaves_the_job(host):
    with SSHConnection(**host.where()) as conn:
        job = conn.submit("sleep 0.5; echo survived")
    with pytest.raises(VMConnectionError, match="Not connected"):
        job.wait()
    conn.connect()
    assert job.wait().ok and job.output().stdout == "survived\n"
    conn.close()


def test_a_reboot_is_an_interruption(own_host):
    with SSHConnection(**own_host.where()) as conn:
        job = conn.submit("echo begun; exec sleep 600", cleanup="echo cleaned >>/var/tmp/cleaned")
        while not job.output().stdout:
            time.sleep(0.1)
        conn.run("sync")  # what has not reached the disk is lost
        own_host.reboot()
        notes = []
        with pytest.raises(JobInterrupted) as caught:
            job.wait(note_callback=notes.append)
        assert caught.value.status.state == "interrupted"
        assert job.output().stdout == "begun\n"
        assert any("it has been run now" in note for note in notes)
        assert conn.run("cat /var/tmp/cleaned").stdout == "cleaned\n" and not job.status().cleanup_pending


def test_a_job_may_be_entered_again_after_a_reboot(own_host):
    lines, notes = [], []
    with SSHConnection(**own_host.where()) as conn:
        job = conn.submit('echo entry $VMC_REBOOT_COUNT; [ "$VMC_REBOOT_COUNT" = 1 ] || sleep 600', on_reboot="resume")
        rebooter = threading.Timer(1.5, own_host.reboot)
        rebooter.start()
        status = job.wait(lines.append, note_callback=notes.append)
        rebooter.join()
    assert status.ok and status.reboots == 1 and lines == ["entry 0", "entry 1"]
    assert any("entered again" in note for note in notes)


def test_time_to_wait_is_not_the_jobs_time(conn):
    job = conn.submit("sleep 600")
    begun = time.monotonic()
    with pytest.raises(JobNotEndedError) as caught:
        job.wait(timeout=0.3)
    assert time.monotonic() - begun < 2 and isinstance(caught.value, TimeoutError)
    assert job.status().state == "running"
    job.cancel()


def test_a_callback_that_raises_leaves_the_job(conn):
    job = conn.submit("echo x; sleep 600")
    with pytest.raises(ZeroDivisionError):
        job.wait(lambda line: 1 / 0)
    assert job.status().state == "running"
    job.cancel()


def test_the_switch_is_confirmed_by_whoever_waits(conn):
    status = conn.submit("true", revert="touch /tmp/reverted", confirm_within=30).wait()
    assert status.ok and status.revert == "confirmed"


CTRL_C = """
import sys, time
from vm_connection import SSHConnection
with SSHConnection(**eval(sys.argv[1])) as conn:
    job = conn.submit("echo begun; exec sleep 4723.4", name="ctrl-c")
    try:
        job.wait(lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        print("left", job.status().state, flush=True)
"""


def test_ctrl_c_leaves_the_job_running_and_returns_promptly(host, conn):
    package = pathlib.Path(vm_connection.__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", CTRL_C, repr(host.where())], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "PYTHONPATH": str(package)}) as child:
        assert child.stdout.readline() == "begun\n"
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "left running\n" and child.wait(10) == 0
    assert time.monotonic() - begun < 5 and host.running("sleep 4723.4") == 1
    conn.job("ctrl-c").cancel()


@pytest.mark.parametrize("wrong", [dict(on_reboot="again"), dict(kill_after=-1), dict(max_output=-1), dict(timeout=0),
                                   dict(revert="true"), dict(confirm_within=5), dict(max_reboots=-1), dict(within=0)])
def test_what_makes_no_sense_is_refused_before_anything_is_sent(wrong):
    conn = SSHConnection("192.0.2.1", "nobody", "no-key")
    with pytest.raises(ValueError):
        conn.submit("true", **wrong)
    with pytest.raises(VMConnectionError, match="Not connected"):
        conn.submit("true")


def test_the_same_verbs_as_coroutines(host):
    async def story():
        async with aio.SSHConnection(**host.where()) as conn:
            jobs = [await conn.submit(f"sleep 0.2; echo {number}; exit {number}") for number in range(4)]
            ended = await asyncio.gather(*(job.wait() for job in jobs))
            assert [status.exit_code for status in ended] == [0, 1, 2, 3]
            assert (await jobs[2].output()).stdout == "2\n"
            assert (await conn.job(jobs[3].id).status()).exit_code == 3
            await jobs[0].remove()
            assert jobs[0].id not in [status.id for status in await conn.jobs()]
            assert await conn.prune_jobs() == []
        async with aio.VMConnection(**host.where()) as vm:
            job = await vm.submit("sleep 600")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await job.wait()
            assert (await job.cancel()).state == "cancelled"

    asyncio.run(story())
