"""Each fault does to packets what its name says, and healing ends it."""

import os
import socket
import struct
import subprocess
import time

import pytest
from conftest import connect
from vmlab import faults, processes
from vmlab.places import LabError


class Echo:
    """A line-echo session over ssh: `says` proves both directions work."""

    def __init__(self, process):
        self._process = process

    def says(self, seconds=10.0) -> bool:
        stamp = f"{time.monotonic_ns()}\n".encode()
        try:
            self._process.stdin.write(stamp)
            self._process.stdin.flush()
        except BrokenPipeError:
            return False  # the client has given up
        deadline, got = time.monotonic() + seconds, b""
        while time.monotonic() < deadline:
            piece = self._process.stdout.read(4096)
            if piece is None:
                time.sleep(0.02)  # an empty pipe, not the end of it
                continue
            got += piece
            if stamp in got:
                return True
            if not piece:
                return False
        return False


@pytest.fixture(name="echo")
def _echo(host, ssh):
    process = subprocess.Popen(ssh(host).command("exec cat"), stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.set_blocking(process.stdout.fileno(), False)
    session = Echo(process)
    assert session.says(20)
    yield session
    process.kill()
    process.wait()


@pytest.mark.parametrize("kind", ["drop", "drop-in", "drop-out", "drop-tcp"])
def test_a_dropped_direction_stalls_the_session_and_healing_resumes_it(host, echo, kind):
    host.fault(kind)
    assert not echo.says(0.6)
    host.heal()
    assert echo.says()


def test_drop_new_spares_the_old_session(host, echo):
    host.fault("drop-new")
    with pytest.raises(TimeoutError):
        connect(host.address.v4, seconds=0.7)
    assert echo.says()


def test_reject_rst_refuses_and_resets(host, echo):
    host.fault("reject-rst")
    with pytest.raises(ConnectionRefusedError):
        connect(host.address.v4)
    assert not echo.says(3)


def test_reject_icmp_says_no_route_at_once(host):
    host.fault("reject-icmp")
    started = time.monotonic()
    with pytest.raises(OSError, match="No route to host"):
        connect(host.address.v4)
    assert time.monotonic() - started < 1


def test_one_port_can_be_filtered_while_another_refuses(host):
    host.fault("drop", port=22)
    with pytest.raises(TimeoutError):
        connect(host.address.v4, seconds=0.7)
    with pytest.raises(ConnectionRefusedError):
        connect(host.address.v4, port=9)


def test_drop_icmp_silences_ping_only(host):
    assert ping(host.address.v4)
    host.fault("drop-icmp")
    assert not ping(host.address.v4)
    connect(host.address.v4).close()


def test_a_small_mtu_swallows_bulk_but_not_the_rest(host, echo):
    host.fault("mtu", 600)
    assert echo.says()
    with connect(host.address.v4) as probe:
        assert probe.recv(4) == b"SSH-"
        probe.settimeout(1)
        probe.sendall(b"SSH-2.0-probe\r\n")
        with pytest.raises(TimeoutError):
            while probe.recv(65536):  # the server's key exchange offer is one large packet
                pass


def test_loss_is_lossy_and_survivable(host, ssh):
    host.fault("loss", 10)
    assert ssh(host).output("echo through", seconds=60) == "through"


def test_cut_after_ends_a_flow_after_so_many_bytes(host):
    host.fault("cut-after", 3000)
    with connect(host.address.v4) as probe:
        probe.settimeout(1)
        probe.sendall(b"SSH-2.0-probe\r\n")
        probe.sendall(b"x" * 5000)
        with pytest.raises(TimeoutError):
            while probe.recv(65536):
                pass
    connect(host.address.v4).close()  # a new flow starts from zero


def test_a_fault_needs_its_number(host):
    with pytest.raises(LabError, match="takes one number"):
        faults.add(host.spec["number"], "loss")


def test_a_frozen_listener_accepts_but_shows_no_banner(host, echo):
    host.sshd("freeze")
    with connect(host.address.v4) as silent:
        silent.settimeout(0.7)
        with pytest.raises(TimeoutError):
            silent.recv(1)
        assert echo.says()
        host.sshd("thaw")
        silent.settimeout(10)
        assert silent.recv(4) == b"SSH-"


def test_sessions_freeze_thaw_and_die_without_the_listener(host, echo):
    host.sshd("freeze-sessions")
    assert not echo.says(0.6)
    connect(host.address.v4).close()
    host.sshd("thaw-sessions")
    assert echo.says()
    assert host.sshd("kill-sessions")["signalled"]
    assert not echo.says(3)
    connect(host.address.v4).close()


def test_a_stopped_sshd_refuses_while_its_sessions_live(host, echo):
    host.sshd("stop")
    with pytest.raises(ConnectionRefusedError):
        connect(host.address.v4)
    assert echo.says()
    host.sshd("start")
    assert processes.listener(host.status()["init"])
    host.sshd("restart")
    assert echo.says()


def test_new_host_keys_are_refused_by_a_client_that_knows_the_old(host, ssh):
    client = ssh(host)
    client.output("true")
    host.new_host_keys()
    done = client.run("true")
    assert done.returncode == 255 and "HOST IDENTIFICATION HAS CHANGED" in done.stderr
    ssh(host).output("true")


def ping(address: str, seconds=1.0) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as probe:
        probe.settimeout(seconds)
        probe.sendto(struct.pack("!BBHHH", 8, 0, 0, 0, 1) + b"lab", (address, 0))
        try:
            return probe.recv(100)[0] == 0
        except TimeoutError:
            return False
