# SPDX-License-Identifier: Apache-2.0
"""Jobs on machines with systemd and logind, where a logout may be the end of what a user started."""

import json
import time
import uuid

import pytest

from conftest import At

pytestmark = pytest.mark.host
USERS = ("root", "tester")
#: What logind does at a logout; without systemd nobody does anything.
MACHINES = {"killing": {"init": "systemd", "logind_options": ["KillUserProcesses=yes", "KillExcludeUsers="]},
            "sparing": {"init": "systemd", "logind_options": ["KillUserProcesses=no"]}, "bare": {}}


class Seat:
    """A user of a machine, and vmc run as he would."""

    def __init__(self, vmc, at, user):
        self.vmc, self.at, self.host, self.user = vmc, at, at.host, user
        self.words = (*at.words[:-1], f"{user}@{at.name.partition('@')[2]}")
        ssh = vmc.home / ".ssh"
        ssh.mkdir(exist_ok=True)
        (ssh / "known_hosts").write_text(at.known_hosts)

    def run(self, line, *options, **more):
        return self.vmc("run", *options, *self.words, "--", line, **more)

    def detached(self, line, *options):
        ended = self.run(line, "--detach", *options)
        assert ended.code == 0, ended
        return ended.out.strip()

    def begun(self, line):
        """A job that has said so by now; then it does what `line` says."""
        job = self.detached(f"echo begun; {line}")
        until(lambda: self.vmc("logs", *self.words, job).out == "begun\n")
        return job

    def attach(self, job, **more):
        return self.vmc("attach", *self.words, job, **more)

    def told(self, job):
        return next(one for one in self.vmc("jobs", "--json", *self.words).json["jobs"] if one["id"] == job)

    def sh(self, line, **more):
        """As root and without ssh: no login of anybody."""
        return self.host.run(["sh", "-c", line], **more).stdout.strip()

    def systemctl(self, *words):
        """Of the manager that keeps the user's jobs."""
        if self.user == "root":
            return self.sh(f"systemctl {' '.join(words)}")
        return self.sh(f"XDG_RUNTIME_DIR=/run/user/1000 /usr/bin/setpriv --reuid 1000 --regid 1000 --clear-groups "
                       f"systemctl --user {' '.join(words)}")

    def units(self, job):
        return self.systemctl("list-units --all --no-legend", f"'vmc-{job}*'")

    def logged_out(self):
        """Until nobody is logged in, and logind has done what it does then."""
        until(lambda: not self.sh("loginctl list-sessions --no-legend"))


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return answer


@pytest.fixture(scope="module")
def machines(lab):
    made = {}

    def give(kind):
        if kind not in made:
            made[kind] = At(lab.up(name=kind, names=("admin", "operator"), **MACHINES[kind]))
        return made[kind]

    yield give
    for at in made.values():
        at.host.down()


@pytest.fixture(params=[(kind, user) for kind in MACHINES for user in USERS], ids="-".join)
def seat(request, machines, vmc):
    kind, user = request.param
    return Seat(vmc, machines(kind), user)


@pytest.fixture(params=USERS)
def killed(request, machines, vmc):
    return Seat(vmc, machines("killing"), request.param)


@pytest.fixture
def own(own_host, vmc):
    return lambda user="tester", **wishes: Seat(vmc, own_host(**{**MACHINES["killing"], **wishes}), user)


# The same with and without systemd.


def test_code_streams_environment_directory_and_input_are_the_same(seat, tmp_path):
    (tmp_path / "in").write_bytes(b"typed\n" * 50000)
    ended = seat.run('seq 1 20000; seq 1 10000 >&2; printf "%s|" "$A" "$PWD" "$(umask)"; cksum; exit 7',
                     "--env", "A=it's\n2", "--cwd", "/usr/lib", "--stdin", tmp_path / "in")
    assert ended.code == 7, ended
    numbers = "".join(f"{n}\n" for n in range(1, 20001))
    assert ended.out == numbers + "it's\n2|/usr/lib|0022|2544799997 300000\n", ended.out[-100:]
    assert ended.err == "".join(f"{n}\n" for n in range(1, 10001))


def test_its_environment_and_limits_are_those_of_a_login(seat):
    line = "sh -c 'env | grep -v -e ^VMC_ -e ^XDG_SESSION_ID= -e ^SSH_C -e ^_= -e ^SHLVL= | sort; umask; ulimit -a'"
    wanted = seat.vmc("exec", *seat.words, "--", line)
    assert wanted.code == 0 and seat.run(line).out == wanted.out


def test_a_signal_is_told_from_an_exit_code(seat, tmp_path):
    for line, outcome, signal in (("kill -TERM $$", "signalled", "TERM"), ("exit 143", "exited", None)):
        assert seat.run(line, "--result", tmp_path / "r").code == 143
        told = json.loads((tmp_path / "r").read_text())
        assert (told["outcome"], told["signal"]) == (outcome, signal)


def test_timeout_and_cancel_end_what_has_left_the_session(seat, tmp_path):
    mark = uuid.uuid4().hex
    line = f"setsid sh -c ': {mark}; (sleep 4000 & ); sleep 4001' & echo begun; wait"
    ended = seat.run(line, "--timeout", "2s", "--kill-after", "1s", "--result", tmp_path / "r")
    told = json.loads((tmp_path / "r").read_text())
    assert (ended.code, ended.stdout, told["job"]["killed"]) == (124, b"begun\n", "yes"), ended
    job = seat.detached(line)
    assert seat.vmc("cancel", *seat.words, job).code == 0
    assert seat.attach(job).code == 130
    assert seat.sh("pgrep -f 'sleep 400[01]|" + mark[:-1] + f"[{mark[-1]}]'") == ""


def test_what_it_leaves_running_outlives_it_as_after_a_login(seat):
    """A job may start a daemon."""
    mark = f"/tmp/{uuid.uuid4().hex}"
    ended = seat.run(f"setsid sh -c 'sleep 3; echo here >{mark}' >/dev/null 2>&1 & exit 5")
    assert ended.code == 5
    assert until(lambda: seat.sh(f"cat {mark} 2>/dev/null")) == "here"


def test_cleanup_and_revert_run_as_in_a_login(seat):
    mark = f"/tmp/{uuid.uuid4().hex}"
    job = seat.detached("exit 3", "--cleanup", f'echo "$VMC_JOB_STATE $(umask) ${{LC_ALL-none}}" >{mark}.c',
                        "--revert", f'echo "$(id -un) $(umask)" >{mark}.r', "--confirm-within", "2s")
    assert until(lambda: seat.sh(f"cat {mark}.c 2>/dev/null")).startswith("exited 0022 ")
    assert until(lambda: seat.sh(f"cat {mark}.r 2>/dev/null")) == f"{seat.user} 0022"
    assert seat.attach(job).code == 3


# Where logind kills.


def test_a_job_outlives_the_logout_of_the_session_that_began_it(seat):
    job = seat.detached("echo begun; sleep 6; echo later; exit 4")
    if seat.host.name == "killing":
        seat.logged_out()
        assert seat.told(job)["state"] == "running"
    ended = seat.attach(job)
    assert (ended.code, ended.stdout) == (4, b"begun\nlater\n"), ended


def test_its_unit_is_there_while_it_runs_and_nothing_is_left_of_it(killed):
    job = killed.detached("sleep 4; exit 3")
    seen = killed.units(job)
    assert f"vmc-{job}.scope" in seen and "running" in seen
    assert killed.attach(job).code == 3
    until(lambda: killed.units(job) == "")
    assert killed.sh("systemctl is-system-running") == "running"


def test_nothing_of_its_environment_is_in_a_unit_a_command_line_or_a_record(killed):
    job = killed.detached("sleep 30", "--env", "TOKEN=hunter2")
    shown = killed.sh("cat /proc/[0-9]*/cmdline | tr '\\0' ' '; systemctl show 'vmc-*'; "
                      "find /run/systemd /run/user -type f -name '*vmc-*' -exec cat {} +")
    assert job in shown and "hunter2" not in shown
    assert killed.vmc("cancel", *killed.words, job).code == 0
    home = "/var/lib" if killed.user == "root" else "/home/tester/.local/state"
    assert killed.sh(f"grep -rl hunter2 {home}/vm-connection") == ""


def test_who_has_no_environment_and_no_session_any_more_is_ended_by_the_cgroup(killed, tmp_path):
    line = "env -i /usr/bin/setsid /bin/sh -c '(/bin/sleep 4100 &) ; exec /bin/sleep 4101' & echo begun; wait"
    ended = killed.run(line, "--timeout", "2s", "--kill-after", "1s", "--result", tmp_path / "r")
    told = json.loads((tmp_path / "r").read_text())
    assert (ended.code, ended.stdout) == (124, b"begun\n"), ended
    assert told["job"]["killed"] == "yes" and told["job"]["escaped"] == 2
    job = killed.detached(line)
    assert killed.vmc("cancel", *killed.words, job).code == 0
    assert killed.sh("pgrep -f 'sleep 410[01]'") == ""


def test_a_job_whose_supervisor_was_killed_is_still_ended_by_cancel(killed):
    job = killed.detached("env -i /usr/bin/setsid /bin/sleep 4200 & echo begun; sleep 4201")
    until(lambda: killed.sh("pgrep -f 'sleep 420[0]'"))
    killed.sh(f"pkill -KILL -f 'runner .*{job} [0-9a-f]*$'")
    assert killed.sh("pgrep -f 'sleep 420[01]'") != ""
    assert killed.vmc("cancel", *killed.words, job).code == 0
    assert killed.sh("pgrep -f 'sleep 420[01]'") == ""
    assert killed.told(job)["state"] == "killed"


@pytest.mark.parametrize("how", ["systemctl restart ssh", "pkill -KILL -x sshd; sleep 1; systemctl restart ssh"])
def test_neither_a_restarted_nor_a_killed_sshd_ends_a_job(killed, how):
    process = killed.vmc.start("run", *killed.words, "--", "echo begun; sleep 5; echo later; exit 9")
    assert process.stdout.readline() == b"begun\n"
    killed.sh(how)
    out, err = process.communicate(timeout=40)
    assert (process.returncode, out) == (9, b"later\n"), err


@pytest.mark.parametrize("sh", ["/bin/bash", "/usr/bin/mksh", "/bin/ash"])
def test_a_job_is_kept_and_ended_whatever_bin_sh_is(own, sh, tmp_path):
    seat = own(shells=("/usr/bin/mksh",))
    seat.sh(f"mount --bind {sh} /usr/bin/dash")
    job = seat.detached("sleep 5; exit 4")
    assert f"vmc-{job}.scope" in seat.units(job)
    line = "env -i /usr/bin/setsid /bin/sleep 4600 & echo begun; wait"
    ended = seat.run(line, "--timeout", "1s", "--kill-after", "1s", "--result", tmp_path / "r")
    assert (ended.code, ended.stdout) == (124, b"begun\n"), ended
    assert json.loads((tmp_path / "r").read_text())["job"]["killed"] == "yes"
    seat.logged_out()
    assert seat.attach(job).code == 4


# Who is allowed to linger.


def test_a_user_lingers_by_sudo_where_polkit_does_not_let_him(own):
    seat = own()
    seat.sh("systemctl mask --runtime --now polkit.service")
    job = seat.detached("sleep 5; exit 6")
    seat.logged_out()
    assert seat.attach(job).code == 6
    assert seat.sh("ls /var/lib/systemd/linger") == "tester"


def test_who_may_not_linger_is_refused_before_anything_starts_and_may_insist(own):
    seat = own("admin", names=("admin",))
    seat.sh("systemctl mask --runtime --now polkit.service")
    ended = seat.run("touch /tmp/ran", "-q")
    assert ended.code == 125 and ended.err.count("\n") == 1 and "lingering is denied" in ended.err, ended
    assert seat.sh("ls /tmp/ran /home/admin/.local/state/vm-connection/jobs/* 2>/dev/null") == ""
    assert seat.run("exit 8", "--volatile").code == 8


def test_where_logind_does_not_say_whether_it_kills_it_is_taken_to(own):
    seat = own(logind_options=[])
    seat.sh("mount --bind /bin/false /usr/bin/loginctl")
    ended = seat.run("touch /tmp/ran", "-q")
    assert ended.code == 125 and ended.err.count("\n") == 1, ended
    seat.sh("mkdir -p /var/lib/systemd/linger; touch /var/lib/systemd/linger/tester")
    job = seat.detached("sleep 2; exit 3")
    assert f"vmc-{job}.scope" in seat.units(job) and seat.attach(job).code == 3


def test_whom_logind_spares_needs_no_unit(own):
    seat = own(names=("admin",), logind_options=["KillUserProcesses=yes", "KillExcludeUsers=admin tester"])
    job = seat.detached("sleep 5; exit 3")
    assert seat.units(job) == "" and seat.sh("ls /var/lib/systemd/linger") == ""
    seat.logged_out()
    assert seat.attach(job).code == 3


def test_what_the_administrator_changes_holds_for_the_next_job(own):
    seat = own(logind_options=["KillUserProcesses=no"])
    assert seat.run("exit 3").code == 3
    seat.logged_out()
    seat.sh("sed -i s/=no/=yes/ /etc/systemd/logind.conf.d/lab.conf; systemctl restart systemd-logind")
    job = seat.detached("sleep 5; exit 4")
    seat.logged_out()
    assert seat.attach(job).code == 4


# Ends that come from systemd.


def test_a_terminated_user_is_told_as_a_signal_and_not_as_a_reboot(own):
    seat = own()
    job = seat.begun("sleep 4300")
    seat.sh("loginctl terminate-user tester")
    ended = seat.attach(job)
    assert (ended.code, ended.stdout) == (143, b"begun\n"), ended
    assert seat.told(job)["state"] == "signalled"


def test_a_unit_that_was_killed_is_told_as_a_killed_job(killed):
    job = killed.begun("sleep 4700")
    killed.systemctl("kill --signal KILL", f"vmc-{job}.scope")
    ended = killed.attach(job)
    assert ended.stdout == b"begun\n" and killed.told(job)["state"] == "killed", ended
    assert killed.sh("pgrep -f 'sleep 470[0]'") == ""


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("kind", ["killing", "sparing"])
def test_an_orderly_reboot_interrupts_a_job(own, user, kind):
    seat = own(user, **MACHINES[kind])
    began = time.monotonic()
    process = seat.vmc.start("run", *seat.words, "--", "echo begun; sleep 4400; echo never")
    assert process.stdout.readline() == b"begun\n"
    seat.sh("systemctl reboot")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (75, b""), err
    assert time.monotonic() - began < 45
    assert seat.vmc("jobs", "--json", *seat.words).json["jobs"][0]["state"] == "interrupted"


@pytest.mark.parametrize("user", USERS)
def test_what_an_orderly_reboot_interrupted_is_entered_again(own, user):
    seat = own(user)
    reboot = "sudo -n systemctl reboot" if user != "root" else "systemctl reboot"
    line = f"echo entered $VMC_REBOOT_COUNT; [ $VMC_REBOOT_COUNT = 2 ] || {{ sleep 2; {reboot}; sleep 60; }}; exit 8"
    ended = seat.run(line, "--on-reboot", "resume", within=120)
    assert (ended.code, ended.stdout) == (8, b"entered 0\nentered 1\nentered 2\n"), ended


def test_whoever_follows_a_job_waits_while_pam_keeps_him_out_of_a_booting_system(own):
    seat = own()
    process = seat.vmc.start("run", *seat.words, "--", "echo begun; sleep 3; echo later; exit 5")
    assert process.stdout.readline() == b"begun\n"
    seat.sh("echo 'System is booting up. Unprivileged users are not permitted to log in yet.' >/run/nologin; "
            "(sleep 8; rm /run/nologin) >/dev/null 2>&1 &")
    seat.host.sshd("kill-sessions")
    began = time.monotonic()
    assert seat.vmc("wait", "--for", "up", "--timeout", "60s", *seat.words, within=70).code == 0
    assert time.monotonic() - began > 5
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (5, b"later\n"), err


# Through sudo.


@pytest.fixture(params=["killing", "bare"])
def sudoer(request, machines, vmc):
    return lambda user: Seat(vmc, machines(request.param), user)


def test_a_job_through_sudo_is_root_s_and_its_directory_the_user_s(sudoer):
    seat = sudoer("tester")
    line = 'echo "$(id -u)|$A|$PWD|$(umask)|$PATH"; echo oops >&2; exit 3'
    wanted = seat.vmc("exec", "--sudo", "--env", "A=x y", *seat.words, "--", line).out
    ended = seat.run(line, "--sudo", "--env", "A=x y")
    assert (ended.code, ended.out, ended.err) == (3, wanted, "oops\n") and wanted.startswith("0|x y|/home/tester|")
    assert seat.run("kill -KILL $$", "--sudo").code == 137


def test_a_job_through_sudo_is_ended_with_all_that_it_started(sudoer, tmp_path):
    seat = sudoer("tester")
    line = "setsid sleep 4500 & sleep 4501 & echo begun; wait"
    ended = seat.run(line, "--sudo", "--timeout", "2s", "--result", tmp_path / "r")
    told = json.loads((tmp_path / "r").read_text())
    assert (ended.code, ended.stdout, told["job"]["killed"]) == (124, b"begun\n", "yes"), ended
    job = seat.detached(line, "--sudo")
    assert seat.vmc("cancel", *seat.words, job).code == 0
    assert seat.attach(job).code == 130
    assert seat.sh("pgrep -f 'sleep 450[01]'") == ""


def test_a_job_through_sudo_whose_supervisor_was_killed_is_still_ended_by_cancel(sudoer):
    seat = sudoer("tester")
    job = seat.detached("setsid sleep 4800 & sleep 4801", "--sudo")
    until(lambda: seat.sh("pgrep -f 'sleep 480[0]'"))
    seat.sh(f"pkill -KILL -f 'runner .*{job} [0-9a-f]*$'")
    assert seat.vmc("cancel", *seat.words, job).code == 0
    assert seat.sh("pgrep -f 'sleep 480[01]'") == ""


@pytest.mark.parametrize("user", ["admin", "operator"])
def test_a_job_through_a_sudo_that_wants_a_password_is_refused_before_it_begins(sudoer, user):
    seat = sudoer(user)
    ended = seat.run("touch /tmp/sudo-ran", "-q", "--sudo")
    assert ended.code == 125 and ended.err.count("\n") == 1 and "sudo" in ended.err and "password" in ended.err, ended
    assert seat.sh("ls /tmp/sudo-ran 2>/dev/null") == ""
