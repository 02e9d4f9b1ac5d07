"""A session leaves nothing behind, however it ends."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from conftest import LAB, run_lab
from vmlab.host import Host

_SESSION = """
{lab}/host up --name inner >/dev/null && echo up
exec sleep 1000
"""


def test_killing_the_outer_process_ends_every_process_mount_and_loop_device(tmp_path):
    before = processes()
    with subprocess.Popen([LAB / "enter", "--state", tmp_path, "sh", "-c", _SESSION.format(lab=LAB)],
                          stdout=subprocess.PIPE, text=True) as outer:
        assert outer.stdout.readline() == "up\n"
        assert len(processes() - before) > 4
        assert str(tmp_path) in loop_devices()
        os.kill(outer.pid, signal.SIGKILL)
        outer.wait(10)
    deadline = time.monotonic() + 10
    while processes() - before or str(tmp_path) in loop_devices():
        assert time.monotonic() < deadline, (processes() - before, loop_devices())
        time.sleep(0.05)
    assert str(tmp_path) not in pathlib.Path("/proc/self/mountinfo").read_text()
    assert run_lab("enter", "--state", str(tmp_path), "true").returncode == 0
    assert not list(tmp_path.glob("session-*"))


def test_the_exit_status_is_the_command_s(tmp_path):
    assert run_lab("enter", "--state", str(tmp_path), "sh", "-c", "exit 7").returncode == 7
    assert run_lab("enter", "--state", str(tmp_path), "sh", "-c", "kill -9 $$").returncode == 137


def test_without_root_it_is_one_sentence():
    with tempfile.TemporaryDirectory(prefix="vmlab-") as copy:  # the checkout may be unreadable to others
        shutil.copytree(LAB, pathlib.Path(copy, "lab"))
        os.chmod(copy, 0o755)
        done = subprocess.run([f"{copy}/lab/enter", "true"], user=65534, capture_output=True, text=True,
                              cwd="/", timeout=30)
    assert (done.returncode, done.stderr) == (1, "lab/enter: the lab needs root: run it with sudo\n")


def test_forty_hosts_at_once_each_answer():
    hosts = [Host.up(wait=False) for _ in range(40)]
    for host in hosts:
        assert host.run(["hostname"]).stdout.strip() == host.name
    for host in hosts:
        host.down()
    assert not set(Host.names()) & {host.name for host in hosts}


def test_it_needs_nothing_that_ip_netns_leaves_in_run(tmp_path):
    """CI's machine had no /run/netns: a session must not lean on what another program made there."""
    done = subprocess.run(["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh",
                           LAB / "enter", "--state", tmp_path, "ip", "-brief", "address", "show", "eth0"],
                          capture_output=True, text=True, timeout=30)
    assert "10.213.0.2/30" in done.stdout, done.stderr


def test_what_a_session_cannot_fetch_is_said_with_the_way_to_fetch_it(tmp_path):
    """Inside there is no internet; apt's own complaint about it names neither."""
    done = subprocess.run([LAB / "host", "up"], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr == ("lab/host: the packages of host are not here yet, and a lab session has no way to the "
                           "internet: run tools/fetch-guest host outside of it first\n")


def processes() -> set[int]:
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def loop_devices() -> str:
    files = pathlib.Path("/sys/block").glob("loop*/loop/backing_file")
    text = ""
    for file in files:
        try:
            text += file.read_text()
        except OSError:
            continue  # detached while we looked
    return text
