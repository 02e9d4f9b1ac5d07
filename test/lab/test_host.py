"""A namespace host is a machine of its own: logins, power, disk."""

import json
import pathlib
import time

import pytest
from conftest import connect, run_lab
from vmlab.host import Host
from vmlab.rootfs import FORBIDDEN

_BOOT_ID = "/proc/sys/kernel/random/boot_id"


@pytest.mark.parametrize("v6", [False, True], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("key", ["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("user", ["root", "tester"])
def test_every_key_logs_in_as_every_user(shared_host, ssh, user, key, v6):
    assert ssh(shared_host).output("id -un", user=user, key=key, v6=v6) == user


def test_a_wrong_key_is_denied_and_counted(host, ssh):
    assert ssh(host).run("true", key="wrong").returncode == 255
    assert ssh(host).run("true").returncode == 0
    counted = json.loads(run_lab("host", "auth", host.name).stdout)
    assert (counted["denied"], counted["accepted"], counted["connections"]) == (1, 1, 2)


def test_the_machine_is_not_the_client(shared_host, ssh):
    told = ssh(shared_host).output(f"cat {_BOOT_ID} /etc/machine-id; hostname; echo $PPID").split()
    mine = pathlib.Path(_BOOT_ID).read_text().strip()
    assert told[0] == shared_host.status()["boot_id"] != mine
    assert told[1:3] == [shared_host.spec["machine_id"], shared_host.name]


def test_sudo_works_without_a_password_and_nologin_logs_nobody_in(shared_host, ssh):
    assert ssh(shared_host).output("sudo -n id -u", user="tester") == "0"
    assert ssh(shared_host).run("true", user="nologin").returncode == 1


def test_no_way_in_carries_power_over_the_machine_s_clock_or_devices(shared_host, ssh):
    """Read, never tried: a failing test must not set the clock of the machine it runs on."""
    question = "grep -h -e CapEff -e CapBnd /proc/self/status"
    for told in (shared_host.run(["sh", "-c", question]).stdout, ssh(shared_host).output(question),
                 ssh(shared_host).output(f"sudo -n {question}", user="tester")):
        assert told.count("Cap") == 2
        for word in told.split()[1::2]:
            held = [name for name, bit in FORBIDDEN.items() if int(word, 16) >> bit & 1]
            assert held == []


def test_a_power_cut_gives_a_new_boot_and_loses_what_was_not_synced(host, ssh):
    before = ssh(host).output(f"cat {_BOOT_ID}")
    ssh(host).output("echo a >/var/kept; sync /var/kept /var; echo b >/var/lost; echo c >/tmp/gone; "
                     "echo ran >>/ledger")
    host.reboot()
    assert ssh(host).output(f"cat {_BOOT_ID}") not in ("", before)
    assert ssh(host).output("cat /var/kept; ls -A /tmp; test -s /var/lost || echo lost") == "a\nlost"
    assert pathlib.Path(host.describe()["ledger"]).read_text() == "ran\n"


def test_reboot_typed_inside_comes_back_with_everything_on_disk(host, ssh):
    before = host.status()
    ssh(host).output("echo kept >/var/kept")
    ssh(host).run("reboot")
    host_is_back(host, before["boots"])
    assert host.status()["boot_id"] != before["boot_id"]
    assert ssh(host).output("cat /var/kept") == "kept"


def test_off_is_silence_or_unreachable_and_on_boots(host):
    host.power_off()
    with pytest.raises(TimeoutError):
        connect(host.address.v4, seconds=1)
    host.power_off(unreachable=True)
    with pytest.raises(OSError, match="No route to host"):
        connect(host.address.v4)
    host.power_on()
    connect(host.address.v4).close()


def test_a_booting_host_is_first_silent_then_refuses(host):
    host.reboot(down_for=1.5, booting_for=1.5, wait=False)
    with pytest.raises(TimeoutError):
        connect(host.address.v4, seconds=0.7)
    with pytest.raises(ConnectionRefusedError):
        until(lambda: connect(host.address.v4, seconds=0.3))
    until(lambda: connect(host.address.v4, seconds=0.3), ConnectionRefusedError).close()


def test_a_dead_session_learns_of_the_reboot_by_a_reset(host):
    with connect(host.address.v4) as old:
        assert old.recv(4) == b"SSH-"
        host.reboot()
        with pytest.raises(ConnectionResetError):
            old.sendall(b"SSH-2.0-late\r\n")
            while old.recv(4096):
                pass


@pytest.mark.parametrize("server", ["dropbear", "tinyssh"])
def test_other_servers_let_the_same_user_in(ssh, server):
    host = Host.up(sshd=server)
    assert ssh(host).output("id -un", user="tester") == "tester"
    host.down()


def test_login_shells_options_and_ports_are_as_asked(ssh):
    host = Host.up(shells=["/bin/dash", "/usr/bin/tcsh"], port=2222, sshd_options=["MaxSessions 3"],
                   icmp=False)
    assert ssh(host).output("echo $0", user="tcsh") == "tcsh"
    assert "maxsessions 3" in host.run(["sshd", "-T"]).stdout
    host.down()


def test_no_host_is_an_error_in_one_sentence():
    done = run_lab("host", "status", "nobody")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "lab/host: there is no host nobody\n")


def host_is_back(host, boots, seconds=30):
    deadline = time.monotonic() + seconds
    while host.status()["boots"] == boots:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    until(lambda: connect(host.address.v4, seconds=0.5), ConnectionRefusedError).close()


def until(act, passing=TimeoutError, seconds=30):
    """Again while it fails in this way; the last failure is the answer after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act()
        except passing:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.02)
