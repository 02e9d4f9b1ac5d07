# SPDX-License-Identifier: Apache-2.0
"""Where jobs run: login shells, /bin/sh of any kind, busybox for a userland, and places that would lose them."""

import json

import pytest


pytestmark = pytest.mark.host
LINE = "echo out; echo err >&2; printf '%s|' \"$A\"; exit 7"
WANTED = (7, b"out\nit's!\n2|", b"err\n")
#: What the runner uses beyond the shell's builtins.
APPLETS = ("cat date dd df grep head id ls mkdir mkfifo mv rm setsid sleep stat sync tail wc").split()


def ran(vmc, words):
    ended = vmc("run", "-q", "--env", "A=it's!\n2", *words, "--", LINE)
    return ended.code, ended.stdout, ended.stderr


BUSYBOX = ("mount -t tmpfs -o mode=755 none /usr/local/bin; "
           + "; ".join(f"ln -sf /bin/busybox /usr/local/bin/{applet}" for applet in APPLETS))
LOGIN_SHELLS = ("bash", "dash", "ash", "mksh", "yash", "zsh", "fish", "tcsh", "bsd-csh")


@pytest.fixture(scope="module", params=["coreutils", "busybox"])
def nine_shells(request, lab):
    """A user for each login shell; the userland is Debian's, or busybox wherever busybox has an applet."""
    paths = {"dash": "/bin/dash", "ash": "/bin/ash"}
    shells = [paths.get(name, f"/usr/bin/{name}") for name in LOGIN_SHELLS[1:]]
    host = lab.up(name=f"nine-{request.param}", shells=shells, names=("bash",))
    if request.param == "busybox":
        made = host.run(["sh", "-c", BUSYBOX])
        assert made.returncode == 0, made
    yield host
    host.down()


@pytest.mark.parametrize("shell", LOGIN_SHELLS)
def test_a_job_is_the_same_whatever_the_login_shell_and_the_userland(vmc, nine_shells, shell):
    from conftest import At
    at = At(nine_shells)
    words = (*at.words[:-1], f"{shell}@{at.name.partition('@')[2]}")
    assert ran(vmc, words) == WANTED
    ended = vmc("run", "--timeout", "1s", *words, "--", "echo begun; sleep 4747")
    assert (ended.code, ended.stdout) == (124, b"begun\n"), ended


@pytest.fixture(scope="module")
def any_sh(lab):
    """A host whose /bin/sh can be another one; `put` does it."""
    host = lab.up(name="anysh", shells=("/usr/bin/mksh", "/bin/ash", "/bin/bash"))
    yield host
    host.down()


@pytest.mark.parametrize("sh", ["/bin/bash", "/usr/bin/mksh", "/bin/ash"])
def test_a_job_ends_as_it_ended_whatever_bin_sh_is(vmc, any_sh, sh):
    from conftest import At
    at = At(any_sh)
    put = any_sh.run(["mount", "--bind", sh, "/usr/bin/dash"])
    assert put.returncode == 0, put
    try:
        assert ran(vmc, at.words) == WANTED
        # bash itself ignores QUIT, everywhere.
        signals = (("TERM", 15), ("KILL", 9), ("HUP", 1), ("SEGV", 11), ("USR1", 10), ("ABRT", 6), ("INT", 2),
                   ("PIPE", 13))
        for code, (name, number) in zip((0, 1, 127, 128, 129, 143, 200, 255), signals):
            assert vmc("run", *at.words, "--", f"exit {code}").code == code
            ended = vmc("run", "--json", *at.words, "--", f"kill -{name} $$")
            told = json.loads(ended.out.splitlines()[-1])
            # Where the shell has no word for a signal it cannot be told from its exit code, and that is said.
            assert ended.code == 128 + number
            assert (told["outcome"], told["signal"]) in (("signalled", name), ("exited", "unknown")), ended
            if name not in ("INT", "PIPE") and (name not in ("HUP", "TERM") or not sh.endswith("mksh")):
                assert told["outcome"] == "signalled"
            exited = json.loads(vmc("run", "--json", *at.words, "--", f"exit {128 + number}").out.splitlines()[-1])
            assert (exited["outcome"], exited["exit_code"]) == ("exited", 128 + number)
            if told["outcome"] == "exited":
                assert exited["signal"] == "unknown"
    finally:
        any_sh.run(["umount", "/usr/bin/dash"])


@pytest.fixture
def busybox(any_sh):
    made = any_sh.run(["sh", "-c", BUSYBOX])
    assert made.returncode == 0, made
    yield any_sh
    any_sh.run(["umount", "/usr/local/bin"])


def test_busybox_is_userland_enough(vmc, busybox):
    from conftest import At
    at = At(busybox)
    assert b"BusyBox" in vmc("exec", *at.words, "--", "tail --help 2>&1").stdout
    assert ran(vmc, at.words) == WANTED
    ended = vmc("run", *at.words, "--", "seq 1 50000; sleep 1.5; seq 50001 60000; exit 5")
    assert ended.code == 5 and ended.stdout == "".join(f"{n}\n" for n in range(1, 60001)).encode()
    assert vmc("run", "--timeout", "1s", *at.words, "--", "sleep 4848").code == 124


def test_without_proc_a_job_runs_all_the_same(vmc, own_host):
    at = own_host()
    assert at.host.run(["mount", "-t", "tmpfs", "none", "/proc"]).returncode == 0
    ended = vmc("run", *at.words, "--", LINE)
    assert (ended.code, ended.stdout) == (7, b"out\n|"), ended


def test_a_place_that_cannot_be_executed_from_is_good_enough(vmc, own_host):
    at = own_host()
    at.host.run(["sh", "-c", "mkdir -p /var/lib/vm-connection && mount --bind /var/lib/vm-connection "
                             "/var/lib/vm-connection && mount -o remount,bind,noexec /var/lib/vm-connection"])
    assert vmc("run", *at.words, "--", LINE).code == 7


IN_MEMORY = "mkdir -m 700 /var/lib/vm-connection; mount -t tmpfs -o mode=700 none /var/lib/vm-connection"


@pytest.mark.parametrize("make, because", [
    (IN_MEMORY, "in memory"),
    ("mkdir -m 777 -p /var/lib/vm-connection; chmod 777 /var/lib/vm-connection", "can be used by others"),
    ("mkdir /var/lib/away; ln -s /var/lib/away /var/lib/vm-connection", "symbolic link"),
    ("mkdir -m 700 /var/lib/vm-connection; mount -t tmpfs -o size=16k,mode=700 none /var/lib/vm-connection; "
     "head -c 100000 /dev/zero >/var/lib/vm-connection/full", "no space|No space"),
    ("mkdir -m 700 /var/lib/vm-connection; mount --bind /var/lib/vm-connection /var/lib/vm-connection; "
     "mount -o remount,bind,ro /var/lib/vm-connection", "Read-only"),
    ("mkdir -m 700 /var/lib/vm-connection; mount -t tmpfs -o nr_inodes=4,mode=700 none /var/lib/vm-connection; "
     "for i in 1 2 3; do : >/var/lib/vm-connection/$i; done", "No space"),
])
def test_where_a_job_would_be_lost_it_is_refused_before_it_starts_with_the_reason(vmc, own_host, make, because):
    import re
    at = own_host()
    at.host.run(["sh", "-c", make])
    ended = vmc("run", "-q", *at.words, "--", "echo ran")
    assert ended.code == 125 and not ended.stdout and re.search(because, ended.err), ended
    assert ended.err.count("vmc:") == 1
    assert vmc("exec", *at.words, "--", "echo alive").out == "alive\n"


def test_a_job_that_is_refused_is_named_and_said_not_to_have_run(vmc, at, tmp_path):
    ended = vmc("run", "--directory", "/run/jobs", "--result", tmp_path / "r", *at.words, "--", "echo ran")
    told = json.loads((tmp_path / "r").read_text())
    assert ended.code == 125 and f"job {told['job']['id']}: this submit started nothing" in ended.err, ended
    assert (told["outcome"], told["may_have_run"]) == ("refused", "no")


def test_what_is_asked_for_in_memory_is_kept_in_memory(vmc, own_host):
    at = own_host()
    at.host.run(["sh", "-c", IN_MEMORY])
    assert vmc("run", "--volatile", *at.words, "--", LINE).code == 7


def test_a_disk_without_inodes_is_refused_with_the_reason_and_nothing_is_left_of_the_try(vmc, own_host):
    at = own_host()
    first = vmc("run", "--detach", *at.words, "--", "true").out.strip()
    assert vmc("attach", *at.words, first).code == 0
    at.host.run(["sh", "-c", "mkdir /var/f; cd /var/f; i=0; while : >$i; do i=$((i+1)); done 2>/dev/null; "
                             "rm 0 1 2 3 4"])
    # Enough for the probe, not for the records: it breaks off in the middle, and the id never runs.
    ended = vmc("run", "--name", "second", *at.words, "--", "echo ran; touch /run/ran")
    assert ended.code == 125 and ended.err.count("vmc:") == 1 and "No space" in ended.err, ended
    assert vmc("exec", *at.words, "--", "test -e /run/ran").code == 1
    at.host.run(["rm", "-r", "/var/f"])
    assert vmc("run", *at.words, "--", "exit 4").code == 4


def test_a_home_that_is_read_only_is_refused_and_another_place_can_be_named(vmc, polyglot_host, polyglot):
    words = polyglot("/usr/bin/mksh")
    home = vmc("exec", *words, "--", "pwd").out.strip()
    polyglot_host.host.run(["sh", "-c", f"mount --bind {home} {home} && mount -o remount,bind,ro {home}"])
    try:
        ended = vmc("run", *words, "--", "echo ran")
        assert ended.code == 125 and not ended.stdout and "Read-only file system" in ended.err, ended
        assert ended.err.count("vmc:") == 1
        polyglot_host.host.run(["sh", "-c", "install -d -o mksh -m 700 /var/mksh"])
        assert ran(vmc, ("--directory", "/var/mksh/jobs", *words)) == WANTED
    finally:
        polyglot_host.host.run(["umount", home])


def test_a_job_in_a_directory_of_its_own_is_found_there(vmc, at):
    place = ("--directory", "/var/elsewhere")
    ident = vmc("run", "--detach", "--name", "apart", *place, *at.words, "--", "echo there; sleep 4748").out.strip()
    assert ident in vmc("jobs", *place, *at.words).out and ident not in vmc("jobs", *at.words).out
    assert vmc("logs", *at.words, "apart").code == 125
    assert vmc("logs", *place, *at.words, "apart").out == "there\n"
    assert vmc("cancel", *place, *at.words, "apart").code == 0
    ended = vmc("attach", *place, *at.words, ident)
    assert (ended.code, ended.stdout) == (130, b"there\n")
    assert vmc("rm", *place, *at.words, ident).code == 0 and ident not in vmc("jobs", *place, *at.words).out
    assert vmc("jobs", "--directory", "relative", *at.words).code == 64


#: Login shells that talk: what sshd's shell reads before the command line.
NOISE = {"/bin/bash": ".bashrc", "/usr/bin/zsh": ".zshenv", "/usr/bin/tcsh": ".tcshrc",
         "/usr/bin/fish": ".config/fish/config.fish"}


@pytest.mark.parametrize("shell", ["/usr/bin/zsh", "/usr/bin/tcsh", "/usr/bin/fish"])
def test_a_login_shell_that_talks_does_not_confuse_a_job(vmc, polyglot_host, polyglot, shell):
    words = polyglot(shell)
    name = shell.rsplit("/", 1)[1]
    path = f"/home/{name}/{NOISE[shell]}"
    lines = "echo Welcome to this VM; echo vmc-end-0123456789abcdef; sh -c 'echo oops >&2'"
    made = polyglot_host.host.run(["sh", "-c", f"mkdir -p {path.rsplit('/', 1)[0]}; cat >{path}; chmod 644 {path}"],
                                  input=lines + "\n", stdin=None)
    assert made.returncode == 0, made
    try:
        assert ran(vmc, words) == WANTED
        ended = vmc("run", "--timeout", "1s", *words, "--", "echo begun; sleep 4747")
        assert (ended.code, ended.stdout) == (124, b"begun\n"), ended
    finally:
        polyglot_host.host.run(["rm", path])
