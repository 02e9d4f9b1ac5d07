"""A host whose process 1 is systemd: units, sessions and shutdowns are Debian's own."""

import time

import pytest
from conftest import Ssh, run_lab
from vmlab import places
from vmlab.host import Host


@pytest.fixture(scope="module", name="guest")
def _guest():
    host = Host.up(init="systemd", logind_options=["KillUserProcesses=yes"])
    yield host
    host.down()


def test_everything_it_starts_is_running(guest, ssh):
    assert ssh(guest).output("systemctl is-system-running --wait") == "running"
    assert ssh(guest).output("cat /proc/1/comm; cat /proc/sys/kernel/random/boot_id; hostname").split() == [
        "systemd", guest.status()["boot_id"], guest.name]


def test_a_login_is_a_session_and_what_it_leaves_behind_is_killed(guest, ssh):
    """The promise that jobs need systemd for, kept by the real logind."""
    told = ssh(guest).output("cat /proc/self/cgroup; setsid sleep 4321 >/dev/null 2>&1 & sleep 0.2", user="tester")
    assert "/user.slice/user-1000.slice/session-" in told
    deadline = time.monotonic() + 20
    while guest.run(["pgrep", "-x", "sleep", "-u", "tester"]).returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_user_may_linger_by_his_own_leave_and_has_a_manager_then(guest, ssh):
    assert ssh(guest).output("loginctl enable-linger; for _ in $(seq 600); do [ -S /run/user/1000/bus ] || sleep 0.1; "
                             "done; systemd-run --user -q --wait true && echo ran",
                             user="tester") == "ran"
    ssh(guest).output("loginctl disable-linger", user="tester")


def test_sudo_works_in_it(guest, ssh):
    assert ssh(guest).output("sudo -n id -u", user="tester") == "0"


@pytest.mark.parametrize("how", ["reboot", "systemctl reboot"])
def test_a_reboot_typed_inside_is_orderly_and_comes_back(guest, ssh, how):
    before = guest.status()
    ssh(guest).run(f"echo kept >/var/kept; {how}")
    deadline = time.monotonic() + 40
    while guest.status()["boots"] == before["boots"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert guest.status()["boot_id"] != before["boot_id"]
    guest.power_on()  # waits for its sshd
    assert ssh(guest).output("cat /var/kept") == "kept"


def test_its_part_of_the_cgroup_tree_goes_with_it():
    host = Host.up(init="systemd")
    part = places.session_directory() / "cgroup" / f"vmlab-{places.session_directory().name}" / host.name
    assert (part / "init.scope").is_dir()
    host.reboot()
    assert (part / "init.scope").is_dir()
    host.down()
    assert not part.exists()


def test_an_init_that_there_is_none_of_is_an_error_in_one_sentence():
    done = run_lab("host", "up", "--logind-option", "KillUserProcesses=yes")
    assert (done.returncode, done.stderr) == (1, "lab/host: only a host with systemd has logind\n")
