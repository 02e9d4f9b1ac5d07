# SPDX-License-Identifier: Apache-2.0
"""vmc power: switches that tell the truth, lie, hang and act late."""

import json
import os
import signal
import socket
import threading
import time

import pytest

HOST = "web-1"

AGENT = """#!/bin/sh
# The contract of a fence agent, over a file that says how the machine stands.
state={state}
while IFS='=' read -r key value; do
    echo "$key=$value" >>{log}
    [ "$key" != action ] || action=$value
done
{trick}
case $action in
    on | off) echo $action >$state; echo "Success: Powered $action" ;;
    status) [ "$(cat $state)" = on ] && {{ echo 'Status: ON'; exit 0; }}; echo 'Status: OFF'; exit 2 ;;
    *) echo "Unable to do $action" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def switch(tmp_path, vmc):
    """Makes HOST's power switch a fence agent with a trick; returns its files."""
    state, log = tmp_path / "stands", tmp_path / "log"
    state.write_text("on\n")
    log.touch()

    def make(trick="", more=""):
        agent = tmp_path / "fence_test"
        agent.write_text(AGENT.format(state=state, log=log, trick=trick))
        agent.chmod(0o755)
        vmc.settings(f'[host."{HOST}".power]\ntype = "fence"\nagent = "{agent}"\n'
                     f'options = {{ plug = "7", retry = 2 }}\n{more}')
        return state, log

    return make


def actions(log):
    return [line.partition("=")[2] for line in log.read_text().splitlines() if line.startswith("action=")]


def test_a_vm_is_turned_off_and_on_and_seen_to_be_so(vmc, switch):
    state, log = switch()
    ended = vmc("power", "status", HOST)
    assert (ended.code, ended.out) == (0, f"{HOST}: on (Status: ON)\n"), ended
    ended = vmc("power", "off", "--json", HOST)
    assert (ended.code, ended.json["power"], ended.json["schema"]) == (0, "off", 1), ended
    assert vmc("power", "status", HOST).code == 2
    assert vmc("power", "on", HOST).code == 0 and state.read_text() == "on\n"
    log.write_text("")
    assert vmc("power", "cycle", HOST).code == 0 and state.read_text() == "on\n"
    assert [action for action in actions(log) if action != "status"] == ["off", "on"]
    assert {"plug=7", "retry=2"} <= set(log.read_text().splitlines())


def test_a_switch_that_says_done_and_does_nothing_is_not_believed(vmc, switch):
    switch(trick='[ $action = status ] || { echo "Success"; exit 0; }', more="within = 2\n")
    ended = vmc("power", "off", HOST)
    assert ended.code == 1 and "its power switch says on" in ended.err, ended
    assert len(ended.err.splitlines()) == 1


def test_a_switch_that_acts_late_is_waited_for(vmc, switch):
    state, _ = switch()
    switch(trick=f'[ $action != off ] || {{ (sleep 2; echo off >{state}) >/dev/null 2>&1 & echo Success; exit 0; }}')
    ended = vmc("power", "off", HOST)
    assert ended.code == 0 and ended.seconds >= 2, ended


def test_a_switch_that_fails_and_has_done_it_is_believed_by_what_it_says_then(vmc, switch):
    state, _ = switch()
    switch(trick=f'[ $action != off ] || {{ echo off >{state}; echo "Connection timed out" >&2; exit 1; }}')
    assert vmc("power", "off", HOST).code == 0


def test_a_reset_that_was_refused_is_not_said_to_be_done_because_the_machine_is_on(vmc, tmp_path):
    vmc.settings(f"""
[host."{HOST}".power]
type = "command"
status = ["printf", "on"]
reset = ["sh", "-c", "echo 'no such button' >&2; exit 4"]
nmi = ["false"]
""")
    for action in ("reset", "cycle", "nmi"):
        ended = vmc("power", action, HOST)
        assert ended.code == 125 and "exit" in ended.err and ended.out == "", (action, ended)


def test_a_switch_that_hangs_is_ended_in_time(vmc, switch):
    switch(trick="sleep 4731", more="within = 1\n")
    ended = vmc("power", "status", HOST)
    assert ended.code == 1 and "unknown" in ended.out and "did not end in time" in ended.out, ended
    assert ended.seconds < 15
    ended = vmc("power", "off", HOST)
    assert ended.code == 1 and ended.seconds < 20, ended


def test_two_actions_at_once_are_one_and_a_refusal(vmc, switch):
    state, log = switch(trick="[ $action = status ] || sleep 2")
    first = vmc.start("power", "off", HOST)
    while "action=off" not in log.read_text():
        assert first.poll() is None
        time.sleep(0.02)
    second = vmc("power", "cycle", HOST)
    assert second.code == 1 and "another action on its power is under way (off)" in second.err, second
    assert first.wait(20) == 0 and state.read_text() == "off\n"
    assert [action for action in actions(log) if action != "status"] == ["off"]
    assert vmc("power", "on", HOST).code == 0


def test_who_was_killed_in_the_middle_of_an_action_holds_the_next_until_its_time_is_over(vmc, switch):
    _, log = switch(trick="[ $action != off ] || sleep 1", more="within = 4\n")
    first = vmc.start("power", "off", HOST)
    while "action=off" not in log.read_text():
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    assert vmc("power", "on", HOST).code == 1
    end = time.monotonic() + 30
    while (ended := vmc("power", "on", HOST)).code == 1 and time.monotonic() < end:
        time.sleep(0.1)
    assert ended.code == 0, ended


def test_programs_of_ones_own_need_no_shell(vmc, tmp_path):
    state = tmp_path / "a state"
    state.write_text("on\n")
    vmc.settings(f"""
[host."{HOST}".power]
type = "command"
status = ["cat", "{state}"]
off = ["sh", "-c", 'echo off >"$1"', "x", "{state}"]
on = ["sh", "-c", 'echo running >"$1"', "x", "{state}"]
""")
    assert vmc("power", "cycle", HOST).code == 0 and state.read_text() == "running\n"
    state.write_text("paused\n")
    ended = vmc("power", "status", HOST)
    assert (ended.code, ended.out) == (1, f"{HOST}: paused (paused)\n")
    ended = vmc("power", "nmi", HOST)
    assert ended.code == 125 and "cannot do that: nmi" in ended.err, ended


@pytest.mark.parametrize("mode, text", [(0o644, "others may read it"), (0o600, "")])
def test_secrets_that_others_may_read_are_not_used(vmc, switch, tmp_path, mode, text):
    secrets = tmp_path / "secrets"
    secrets.write_text("password=hunter2\n")
    secrets.chmod(mode)
    _, log = switch(more=f'secrets = "{secrets}"\n')
    ended = vmc("power", "status", HOST)
    assert ended.code == (125 if text else 0) and text in ended.err, ended
    assert ("password=hunter2" in log.read_text()) is not text
    assert "hunter2" not in ended.out + ended.err


@pytest.mark.parametrize("lines, complaint", [
    ('type = "ipmi"', ':2: power.type must be "qmp", "fence" or "command"'),
    ('socket = "/x"', ":1: power.type is missing"),
    ('type = "qmp"', ":1: power.socket is missing"),
    ('type = "qmp"\nsocket = 7', ":3: power.socket must be one line of text"),
    ('type = "fence"\nagent = "a"\noptions = "plug=1"', ":4: power.options must be a table"),
    ('type = "fence"\nagent = "a"\noptions = { password = "x" }', ":4: power.options hold a password"),
    ('type = "fence"\nagent = "a"\noptions = { secret_key = "x" }', ":4: power.options hold a password"),
    ('type = "fence"\nagent = "a"\noptions = { action = "off" }', ":4: power.options cannot hold the action"),
    ('type = "command"\noff = ["x"]', ":1: power.status is missing"),
    ('type = "command"\nstatus = "x"', ":3: power.status must be a list of words"),
    ('type = "qmp"\nsocket = "/x"\nwithin = "soon"', ":4: power.within must be a span"),
    ('type = "qmp"\nsocket = "/x"\nagent = "y"', ':4: power.agent is no setting of a power switch of type "qmp"'),
])
def test_a_mistake_in_the_configuration_names_its_line_and_nothing_is_done(vmc, lines, complaint):
    vmc.settings(f'[host."{HOST}".power]\n{lines}\n')
    ended = vmc("power", "off", HOST)
    assert ended.code == 125 and complaint in ended.err and len(ended.err.splitlines()) == 1, ended


def test_no_switch_and_no_such_action_are_64(vmc):
    ended = vmc("power", "status", HOST)
    assert ended.code == 64 and "no power switch" in ended.err, ended
    assert vmc("power", "explode", HOST).code == 64


def test_a_switch_may_be_named_on_the_command_line(vmc, switch, tmp_path):
    state, log = switch()
    vmc.settings("")
    by = f"fence:{tmp_path / 'fence_test'},plug=7"
    assert vmc("power", "off", "--power", by, HOST).code == 0 and state.read_text() == "off\n"
    assert "plug=7" in log.read_text()
    assert vmc("power", "status", "--power", by, HOST).code == 2
    switch()
    assert vmc("power", "status", "--power", "none", HOST).code == 64


@pytest.mark.parametrize("text, why", [
    ("ipmi:x", "is no switch"), ("qmp:", "is no switch"), ("fence:", "fence:AGENT"),
    ("fence:a,password=x", "nobody's eyes"), ("fence:a,action=off", "the action"), ("", "is no switch")])
def test_a_switch_that_makes_no_sense_is_one_line_and_64(vmc, text, why):
    ended = vmc("power", "off", "--power", text, HOST)
    assert ended.code == 64 and why in ended.err and len(ended.err.splitlines()) == 1, ended


def test_an_agent_that_is_not_there_is_said(vmc):
    vmc.settings(f'[host."{HOST}".power]\ntype = "fence"\nagent = "fence_no_such_thing"\n')
    ended = vmc("power", "status", HOST)
    assert ended.code == 125 and "cannot start fence_no_such_thing" in ended.err, ended


class Qemu:
    """A monitor that answers as it is told."""

    def __init__(self, path, status="running", greeting='{"QMP": {"version": {}, "capabilities": []}}'):
        self.status, self.greeting, self.asked = status, greeting, []
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(os.fspath(path))
        self.server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            with peer, peer.makefile("rw") as stream:
                try:
                    self._talk(stream)
                except (OSError, ValueError):
                    pass

    def _talk(self, stream):
        print(self.greeting, file=stream, flush=True)
        for line in stream:
            command = json.loads(line)["execute"]
            self.asked.append(command)
            if command == "system_reset":
                self.status = "paused"
            if command == "cont":
                self.status = "running"
            print('{"event": "RESET", "data": {}}', file=stream)
            answer = {"status": self.status, "running": True} if command == "query-status" else {}
            print(json.dumps({"return": answer}), file=stream, flush=True)


@pytest.fixture
def monitor(vmc, tmp_path):
    # A path longer than a socket's name may be.
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    vmc.settings(f'[host."{HOST}".power]\ntype = "qmp"\nsocket = "{deep}/m"\nwithin = 3\n')

    def make(**how):
        here = os.getcwd()
        os.chdir(deep)
        try:
            return Qemu("m", **how)
        finally:
            os.chdir(here)

    return make


@pytest.mark.parametrize("status, word, code", [("running", "on", 0), ("paused", "paused", 1), ("shutdown", "off", 2),
                                                ("guest-panicked", "panicked", 1), ("io-error", "unknown", 1)])
def test_qemu_is_asked_by_its_own_monitor(vmc, monitor, status, word, code):
    monitor(status=status)
    ended = vmc("power", "status", HOST)
    assert (ended.code, ended.out) == (code, f"{HOST}: {word} (QEMU says {status})\n"), ended


def test_a_machine_that_panicked_is_reset_and_let_go_on(vmc, monitor):
    qemu = monitor(status="guest-panicked")
    assert vmc("power", "cycle", HOST).code == 0
    assert [each for each in qemu.asked if each not in ("qmp_capabilities", "query-status")] == ["system_reset", "cont"]
    assert vmc("power", "nmi", HOST).code == 0 and "inject-nmi" in qemu.asked
    ended = vmc("power", "off", HOST)
    assert ended.code == 125 and "cannot do that: off" in ended.err


def test_what_runs_is_not_reset_by_being_switched_on_and_what_is_paused_stays_so(vmc, monitor):
    qemu = monitor()
    assert vmc("power", "on", HOST).code == 0
    qemu.status = "paused"
    ended = vmc("power", "on", HOST)
    assert ended.code != 0 and "paused" in ended.err and len(ended.err.splitlines()) == 1, ended
    assert not {"system_reset", "cont"} & set(qemu.asked)
    qemu.status = "shutdown"
    assert vmc("power", "on", HOST).code == 0 and qemu.asked.count("system_reset") == 1


@pytest.mark.parametrize("greeting", ["hello", "[]", "{}", "x" * 2_000_000])
def test_what_is_no_monitor_is_not_believed(vmc, monitor, greeting):
    monitor(greeting=greeting)
    ended = vmc("power", "status", HOST)
    assert ended.code == 125 and "no QEMU monitor" in ended.err and len(ended.err) < 400, ended


def test_a_monitor_that_nobody_serves_proves_nothing_of_the_machine(vmc, monitor):
    qemu = monitor()
    qemu.server.shutdown(socket.SHUT_RDWR)
    qemu.server.close()
    ended = vmc("power", "status", HOST)
    assert ended.code == 1 and ended.out.startswith(f"{HOST}: unknown (no QEMU serves"), ended


def test_a_monitor_that_is_silent_is_given_up_in_time(vmc, monitor):
    qemu = monitor(greeting="")
    ended = vmc("power", "status", HOST)
    assert ended.code in (1, 125) and ended.seconds < 10, (ended, qemu.asked)
