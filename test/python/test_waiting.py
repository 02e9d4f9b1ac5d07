# SPDX-License-Identifier: Apache-2.0
"""How verbs wait: the GIL is free, Ctrl-C works, threads work side by side, nothing leaks, exit is clean."""

import contextlib
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import vm_connection
from vm_connection import SSHConnection, VMConnectionError


@contextlib.contextmanager
def script(code, host):
    """A Python process of its own; gone when the block is left."""
    where = host.where()
    head = f"from vm_connection import SSHConnection\nimport os, signal, sys, threading, time\nWHERE = {where!r}\n"
    environment = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(vm_connection.__file__))}
    with subprocess.Popen([sys.executable, "-c", head + textwrap.dedent(code)], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def test_other_threads_go_on_while_one_waits(conn):
    counted, over = 0, threading.Event()

    def count():
        nonlocal counted
        while not over.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    conn.execute("sleep 1")
    during = counted
    over.set()
    thread.join()
    assert during > 300


def test_ctrl_c_ends_the_command_on_the_vm(host):
    code = """
        with SSHConnection(**WHERE) as conn:
            try:
                conn.execute("echo begun; exec sleep 4731.1", output_callback=lambda line: print(line, flush=True))
            except KeyboardInterrupt:
                print("interrupted", flush=True)
    """
    with script(code, host) as process:
        assert process.stdout.readline() == "begun\n"
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        took = time.monotonic() - begun
        assert host.running("sleep 4731.1") == 0
        assert process.wait(10) == 0, process.stderr.read()
        assert took < 3


def test_a_signal_handler_runs_while_a_verb_waits(host):
    code = """
        seen = []
        signal.signal(signal.SIGUSR1, lambda *_: seen.append(time.monotonic()))
        with SSHConnection(**WHERE) as conn:
            begun = time.monotonic()
            threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
            assert conn.execute("sleep 1") == 0
        assert seen and seen[0] - begun < 0.6, (seen, begun)
    """
    with script(code, host) as process:
        assert process.wait(20) == 0, process.stderr.read()


def test_ctrl_c_while_connecting(own_host):
    own_host.do("fault", "drop")
    code = """
        conn = SSHConnection(**WHERE, connection_timeout=60)
        print("ready", flush=True)
        try:
            conn.connect()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """
    with script(code, own_host) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert process.wait(10) == 0, process.stderr.read()
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("ending", ["pass", "sys.exit(0)", "os._exit(0)"])
def test_the_process_ends_with_connections_open_and_a_daemon_thread_waiting(host, ending):
    code = f"""
        conn = SSHConnection(**WHERE, on_notice=lambda notice: None)
        conn.connect()
        threading.Thread(target=lambda: conn.execute("sleep 20"), daemon=True).start()
        time.sleep(0.3)
        {ending}
    """
    with script(code, host) as process:
        begun = time.monotonic()
        assert process.wait(15) == 0, process.stderr.read()
        assert process.stderr.read() == "" and time.monotonic() - begun < 8


def test_an_uncaught_exception_ends_cleanly(host):
    code = """
        conn = SSHConnection(**WHERE)
        conn.connect()
        raise SystemExit(7)
    """
    with script(code, host) as process:
        assert (process.wait(15), process.stderr.read()) == (7, "")


def test_a_forked_child_makes_its_own_connection(host):
    code = """
        from vm_connection import VMConnectionError
        conn = SSHConnection(**WHERE)
        conn.connect()
        pid = os.fork()
        if pid == 0:
            try:
                conn.execute("true")
            except VMConnectionError as error:
                assert "fork" in str(error)
            with SSHConnection(**WHERE) as own:
                assert own.execute("exit 5") == 5
            del conn
            sys.exit(9)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
        assert conn.execute("exit 6") == 6
        conn.close()
    """
    with script(code, host) as process:
        assert process.wait(30) == 0, process.stderr.read()


def test_two_connections_in_parallel(host):
    seen = {}

    def work(name):
        with SSHConnection(**host.where()) as conn:
            lines = []
            conn.execute(f"for i in 1 2 3; do echo {name} $i; sleep 0.3; done", output_callback=lines.append)
            seen[name] = lines

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {name: [f"{name} {i}" for i in (1, 2, 3)] for name in ("a", "b")}
    assert time.monotonic() - begun < 5


def test_a_hundred_connections_and_nothing_left_of_them(host):
    with SSHConnection(**host.where()) as first:
        first.execute("true")  # what the process keeps for good is there now
    before = footprint()
    conns = [SSHConnection(**host.where(), connection_timeout=60) for _ in range(100)]
    codes, troubles = [], []

    def work(number, conn):
        try:
            conn.connect()
            codes.append(conn.execute(f"exit {number}"))
        except VMConnectionError as error:
            troubles.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(conns)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == [] and sorted(codes) == list(range(100))
    open_now = footprint()
    assert open_now[0] >= before[0] + 100 and open_now[1] <= before[1] + 8
    for conn in conns:
        conn.close()
    settle(before)


def test_a_forgotten_connection_closes_itself(host):
    with SSHConnection(**host.where()) as first:
        first.execute("true")
    before = footprint()
    for _ in range(5):
        SSHConnection(**host.where()).connect()
    gc.collect()
    settle(before)


def test_commands_leave_no_descriptor_behind(conn):
    conn.execute("true")
    before = footprint()
    for _ in range(200):
        conn.execute("true")
    settle(before)


def footprint():
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))


def settle(before):
    """Descriptors and threads come back to what they were; the helpers of the loop may linger a little."""
    deadline = time.monotonic() + 10
    while footprint()[0] > before[0] or footprint()[1] > before[1] + 4:
        assert time.monotonic() < deadline, (before, footprint(), [os.readlink(f"/proc/self/fd/{fd}")
                                                                 for fd in os.listdir("/proc/self/fd")
                                                                 if os.path.lexists(f"/proc/self/fd/{fd}")])
        time.sleep(0.05)
