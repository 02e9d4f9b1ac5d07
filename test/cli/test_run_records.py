# SPDX-License-Identifier: Apache-2.0
"""Records that are not what they should be: one clear line, nothing lost, and no other job minds."""

import json
import time
import uuid

import pytest

import sweep

pytestmark = pytest.mark.host
JOBS = "/var/lib/vm-connection/jobs"
RECORDS = ("request", "start", "result")


def on(at, line):
    ran = at.host.run(["sh", "-c", line])
    assert ran.returncode == 0, ran
    return ran.stdout


def started(vmc, at, *words):
    ended = vmc("run", "--detach", *words[:-1], *at.words, "--", words[-1])
    assert ended.code == 0, ended
    return ended.out.strip()


def done(vmc, at, line="echo done; exit 3"):
    job = started(vmc, at, line)
    assert vmc("attach", *at.words, job).code == 3
    return job


def states(vmc, at):
    ended = vmc("jobs", "--json", *at.words)
    assert ended.code == 0, ended
    return {one["id"]: one["state"] for one in ended.json["jobs"]}


def spoilers(rolls, size):
    """What a disk, an editor or an enemy makes of a record of `size` bytes: shell commands on $f."""
    yield "truncate -s 0 $f"
    yield "rm $f"
    yield "rm $f; mkdir $f"
    yield "head -c 300000 /dev/urandom >$f"
    yield "head -c 3000000 /dev/zero | tr '\\0' 'x' >$f"
    yield "yes state=exited | head -c 100000 >$f"
    yield "sed -i 's/=.*/=-99999999999999999999/' $f"
    yield "sed -i 's/=.*/=/' $f"
    yield "printf 'job=../../x\\nheld=yes\\nresult.written=yes\\n' >>$f"
    for _ in range(3):
        yield f"truncate -s {rolls.randrange(size)} $f"


@pytest.mark.parametrize("record", RECORDS)
def test_a_spoiled_record_is_told_and_harms_no_other_job(vmc, own_host, record):
    rolls = sweep.chance("test_a_spoiled_record_is_told")
    at = own_host()
    good = done(vmc, at)
    tried = 0
    for spoil in spoilers(rolls, 200):
        job = done(vmc, at)
        on(at, f"f={JOBS}/{job}/{record}; {spoil}")
        found = states(vmc, at)
        assert found[good] == "exited" and set(found) == {good, job}, (spoil, found)
        attached = vmc("attach", *at.words, job, within=60)
        assert attached.err.count("vmc:") <= 1 and attached.stdout in (b"done\n", b""), (spoil, attached)
        assert attached.code == 3 or attached.err.count("\n") == 1, (spoil, attached)
        if record == "result" and attached.code == 3:
            assert found[job] == "exited"
        on(at, f"rm -rf {JOBS}/{job}")
        tried += 1
    print(f"{record}: {tried} spoiled")


def test_a_result_cut_short_is_never_taken_for_one(vmc, own_host):
    """At every length: either all that the client reads of it is there, or it does not count."""
    at = own_host()
    job = done(vmc, at)
    path = f"{JOBS}/{job}/result"
    length = len(on(at, f"cat {path}").rstrip(" \n"))
    on(at, f"cp {path} /tmp/whole")
    for size in range(0, length, max(1, length // sweep.tries(20, 300))):
        on(at, f"head -c {size} /tmp/whole >{path}")
        assert states(vmc, at)[job] != "exited", size


def test_a_directory_that_another_user_can_write_is_no_job(vmc, own_host):
    at = own_host()
    for spoil in ("chmod 777 $d", "chmod 770 $d", "chown 1000 $d", "mv $d $d-away; ln -s $d-away $d"):
        job = done(vmc, at)
        on(at, f"d={JOBS}/{job}; {spoil}")
        for verb in ("attach", "logs", "cancel", "rm"):
            ended = vmc(verb, *at.words, job)
            assert ended.code == 125 and ended.err.count("vmc:") == 1 and not ended.stdout, (spoil, verb, ended)
        again = vmc("run", "--id", job, *at.words, "--", "echo done; exit 3")
        assert again.code == 125 and not again.stdout, (spoil, again)
        on(at, f"rm -rf {JOBS}/{job}*")


def test_what_else_lies_among_the_jobs_is_left_alone(vmc, own_host):
    at = own_host()
    job = done(vmc, at)
    on(at, f"cd {JOBS}; mkdir -m 700 notes ' sp ace' 'a\nb' -- '-rf'; touch file; echo x >notes/result; mkfifo pipe")
    assert states(vmc, at) == {job: "exited"}
    assert vmc("jobs", "--prune", "--keep", "0", *at.words).out == job + "\n"
    assert on(at, f"ls {JOBS} | grep -c .") == "8\n"


FAKE_DATE = ("mount -t tmpfs none /usr/local/bin; printf '#!/bin/sh\\nexec /bin/date -d \"1 year ago\" \"$@\"\\n' "
             ">/usr/local/bin/date; chmod 755 /usr/local/bin/date")


def test_a_clock_set_back_a_year_changes_no_state_and_prunes_nothing(vmc, own_host):
    at = own_host()
    before = done(vmc, at)
    job = started(vmc, at, "while [ ! -e /tmp/go ]; do sleep 0.1; done; echo over; exit 4")
    on(at, FAKE_DATE)
    # Runs through the time of its heartbeats, too: its clock is that of the VM.
    time.sleep(1.5)
    assert states(vmc, at) == {before: "exited", job: "running"}
    during = started(vmc, at, "--timeout", "1s", "sleep 100")
    assert vmc("attach", *at.words, during).code == 124
    on(at, "touch /tmp/go")
    ended = vmc("attach", *at.words, job)
    assert (ended.code, ended.stdout) == (4, b"over\n"), ended
    assert vmc("jobs", "--prune", *at.words).out == ""
    assert set(states(vmc, at)) == {before, job, during}


@pytest.fixture
def state_directory(vmc):
    """Puts a file system of a few KiB over our own state directory."""
    import subprocess
    path = vmc.home / "state"
    path.mkdir(exist_ok=True)

    def put(options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", path], check=True)

    yield put
    subprocess.run(["umount", path], check=False)


@pytest.mark.parametrize("options, fill", [("ro", ""), ("size=4k", "x" * 4096)])
def test_a_client_that_cannot_remember_refuses_before_anything_runs(vmc, at, state_directory, options, fill):
    state_directory(options)
    if fill:
        (vmc.home / "state" / "filler").write_text(fill)
    identity = str(uuid.uuid4())
    ended = vmc("run", "--id", identity, *at.words, "--", f"echo {identity} >>/ledger")
    assert ended.code == 125 and ended.err.count("vmc:") == 1, ended
    assert identity not in open(at.ledger).read()


def test_a_state_directory_that_becomes_full_does_not_end_what_is_followed(vmc, at, state_directory, tmp_path):
    state_directory("size=64k")
    process = vmc.start("run", *at.words, "--", "sleep 1; seq 1 20000; exit 6")
    time.sleep(0.8)
    try:
        (vmc.home / "state" / "filler").write_text("x" * 100000)
    except OSError:
        pass
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out.count(b"\n")) == (6, 20000), err


def test_a_full_disk_is_said_and_the_result_is_written_all_the_same(vmc, own_host, tmp_path):
    at = own_host()
    ended = vmc("run", "--result", tmp_path / "r", *at.words, "--", "head -c 100000000 /dev/zero; exit 5", within=60)
    told = json.loads((tmp_path / "r").read_text())
    assert ended.code == 5 and "disk was full" in ended.err, ended
    assert (told["outcome"], told["cause"], told["job"]["output_kept"]) == ("exited", "disk-full", False), told
    assert len(ended.stdout) == told["stdout_bytes"]
    assert vmc("exec", *at.words, "--", "echo alive").out == "alive\n"


FAILING_SYNC = """mount -t tmpfs none /usr/local/bin; cat >/usr/local/bin/sync <<'end'
#!/bin/sh
[ ! -e /run/broken ] && exec /bin/sync "$@"
end
chmod 755 /usr/local/bin/sync"""


def test_a_result_whose_fsync_failed_is_never_said_to_be_safe(vmc, own_host, tmp_path):
    at = own_host()
    on(at, FAILING_SYNC)
    job = started(vmc, at, "echo before; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo after; exit 4")
    on(at, "touch /run/broken /tmp/go")
    ended = vmc("attach", "--result", tmp_path / "r", *at.words, job)
    told = json.loads((tmp_path / "r").read_text())
    assert (ended.code, ended.stdout, told["outcome"]) == (4, b"before\nafter\n", "exited"), ended
    assert told["job"]["output_kept"] is False and "may not keep it" in ended.err, (told, ended)
    # Where nothing can be made durable nothing is begun.
    refused = vmc("run", *at.words, "--", "touch /tmp/ran")
    assert refused.code == 125 and refused.err.count("vmc:") == 1, refused
    assert vmc("exec", *at.words, "--", "test -e /tmp/ran").code == 1


@pytest.mark.parametrize("lines", [1000, 9000])
def test_output_that_went_back_on_the_vm_is_said_and_what_follows_is_taken(vmc, own_host, tmp_path, lines):
    """As after a snapshot was put back: its file is shorter than what we hold of it, by more and by less than the
    4 KiB that are compared."""
    at = own_host()
    out = tmp_path / "out"
    job = started(vmc, at, f"seq 1 {lines}; until [ -e /tmp/go ]; do sleep 0.1; done; echo more; exit 5")
    process = vmc.start("attach", "--stdout", out, *at.words, job)
    while not out.exists() or not out.read_text().endswith(f"\n{lines}\n"):
        time.sleep(0.05)
    process.kill()
    process.communicate()
    held = out.read_text()
    on(at, f"truncate -s 12 {JOBS}/{job}/out")
    began = time.monotonic()
    process = vmc.start("attach", "--stdout", out, *at.words, job)
    said = process.stderr.readline().decode()
    assert f"rolled back from {len(held)} to 12 bytes" in said and time.monotonic() - began < 10, said
    on(at, "touch /tmp/go")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 5 and out.read_text() == held + "more\n", (err, out.read_text()[-40:])
