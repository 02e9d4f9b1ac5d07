# SPDX-License-Identifier: Apache-2.0
"""Jobs on a VM that is not there."""

import asyncio
import pickle
import threading

import pytest

from vm_connection import (ConnectionLostError, JobFailedError, JobInterrupted, JobNotEndedError, SSHConnection,
                           VMConnectionError, aio)
from vm_connection.testing import Reply


@pytest.fixture
def conn(fake_vm):
    with SSHConnection("vm1", "ubuntu", "k") as connection:
        yield connection


def test_a_job_ends_as_its_reply_says(fake_vm, conn):
    fake_vm.on("make", stdout="one\ntwo\n", stderr="careful\n", exit_code=3)
    lines = []
    job = conn.submit("make", name="build", env={"CC": "clang"})
    status = job.wait(lines.append)
    assert lines == ["one", "two", "STDERR: careful"] and (status.state, status.exit_code) == ("exited", 3)
    assert (status.stdout_bytes, status.stderr_bytes, status.name) == (8, 8, "build")
    assert job.output(stdout_from=4).stdout == "two\n" and job.output(limit=3).truncated
    assert fake_vm.commands[0].env == {"CC": "clang"}
    with pytest.raises(JobFailedError, match="exited 3"):
        job.wait(check=True)


def test_a_job_that_hangs_goes_on_until_it_is_told_to_end(fake_vm, conn):
    fake_vm.on("soak", hang=True)
    job = conn.submit("soak", name="soak")
    with pytest.raises(JobNotEndedError):
        job.wait(timeout=0.05)
    lines, heard = [], threading.Event()

    def hear(line):
        lines.append(line)
        heard.set()

    def story():
        fake_vm.job("soak").say("half done\n")
        heard.wait(5)
        fake_vm.job("soak").end(signal="KILL")

    thread = threading.Thread(target=story)
    thread.start()
    status = conn.job("soak").wait(hear)
    thread.join()
    assert (status.state, status.signal, status.shell_code, lines) == ("signalled", "KILL", 137, ["half done"])


def test_a_reboot_interrupts_and_whoever_waits_cleans_up(fake_vm, conn):
    fake_vm.on("soak", hang=True).on("tidy")
    job = conn.submit("soak", cleanup="tidy")
    fake_vm.reboot()
    assert job.status().cleanup_pending
    notes = []
    with pytest.raises(JobInterrupted) as caught:
        job.wait(note_callback=notes.append)
    assert not caught.value.status.cleanup_pending and "it has been run now" in notes[0]
    assert pickle.loads(pickle.dumps(caught.value)).status == caught.value.status
    assert [c.command for c in fake_vm.commands] == ["soak", "tidy"] and not job.status().cleanup_pending


def test_a_job_is_entered_again_where_it_may_be(fake_vm, conn):
    def reboots(command):
        fake_vm.reboot()
        return Reply(stdout="never said\n")

    fake_vm.on("soak", [reboots, Reply(stdout="done\n")])
    job, notes, lines = conn.submit("soak", on_reboot="resume"), [], []
    status = job.wait(lines.append, note_callback=notes.append)
    assert status.ok and status.reboots == 1 and lines == ["done"] and "entered again" in notes[0]


def test_a_cut_is_survived_and_silence_is_not(fake_vm, conn):
    fake_vm.on("soak", hang=True)
    job, notes = conn.submit("soak"), []

    def story(then):
        fake_vm.cut()
        then()

    thread = threading.Timer(0.05, story, [fake_vm.job(job.id).end])
    thread.start()
    assert job.wait(note_callback=notes.append).ok and notes in ([], ["the job is followed again"])
    again = conn.submit("soak")
    thread = threading.Timer(0.05, fake_vm.unreachable)
    thread.start()
    with pytest.raises(ConnectionLostError, match="may go on") as caught:
        again.wait()
    assert caught.value.may_have_run == "yes"
    fake_vm.reachable()
    assert again.status().state == "running"


def test_ids_names_and_places_are_kept_apart(fake_vm, conn):
    fake_vm.on("true")
    job = conn.submit("true", name="one", directory="/srv")
    assert conn.submit("true", name="one", directory="/srv", id=job.id).id == job.id
    with pytest.raises(VMConnectionError, match="another job"):
        conn.submit("true", id=job.id, name="two", directory="/srv")
    assert conn.jobs() == [] and [status.id for status in conn.jobs(directory="/srv")] == [job.id]
    with pytest.raises(VMConnectionError, match="no such job"):
        conn.job("one").status()
    assert conn.job("one", directory="/srv").status().ok
    assert conn.prune_jobs(older=3600, directory="/srv") == []
    assert conn.prune_jobs(older=0, directory="/srv") == [job.id] and fake_vm.jobs == []


def test_limits_and_cancel(fake_vm, conn):
    fake_vm.on("sleep", delay=60).on("soak", hang=True)
    assert conn.submit("sleep", timeout=5).wait().state == "timed_out"
    job = conn.submit("soak", revert="undo", confirm_within=10)
    with pytest.raises(VMConnectionError, match="has not ended"):
        job.remove()
    assert job.status().revert == "armed" and job.cancel().state == "cancelled"
    assert job.wait().revert == "confirmed"
    job.remove()
    with pytest.raises(VMConnectionError, match="no such job"):
        job.wait()


def test_closing_ends_the_waiting_and_not_the_job(fake_vm, conn):
    fake_vm.on("soak", hang=True)
    job = conn.submit("soak")
    threading.Timer(0.05, conn.close).start()
    with pytest.raises(VMConnectionError, match="no longer followed"):
        job.wait()
    assert fake_vm.job(job.id).status.state == "running"


def test_the_fake_speaks_asyncio(fake_vm):
    fake_vm.on("soak", hang=True)

    async def story():
        async with aio.VMConnection("vm1", "root", "k") as vm:
            job = await vm.submit("soak")
            waiting = asyncio.create_task(job.wait())
            await asyncio.sleep(0.02)
            fake_vm.job(job.id).say("x\n").end()
            assert (await waiting).ok and (await job.output()).stdout == "x\n"

    asyncio.run(story())


def test_the_errors_of_jobs_pickle(fake_vm, conn):
    fake_vm.on("make", exit_code=3)
    status = conn.submit("make").wait()
    for error in (JobFailedError(status), JobInterrupted(status)):
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error) and again.status == status
    again = pickle.loads(pickle.dumps(JobNotEndedError("soak", 3)))
    assert (again.job, again.timeout) == ("soak", 3) and isinstance(again, TimeoutError) and "3s" in str(again)
