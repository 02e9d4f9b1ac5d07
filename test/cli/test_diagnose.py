# SPDX-License-Identifier: Apache-2.0
"""vmc diagnose: what is wrong, how sure, and why. The faults one after the other are in test/matrix."""

import datetime
import json
import signal
import socket
import time

import pytest

pytestmark = pytest.mark.host


def test_a_vm_that_is_well_is_0_and_nothing_is_wrong(vmc, at):
    ended = vmc("diagnose", "--json", *at.words)
    found = ended.json
    # The lab shares its machine's disk, kernel log and memory: it may be ill, but never with a cause of the way there.
    assert ended.code == (0 if found["verdict"] == "healthy" else 1), ended
    assert found["schema"] == 1 and found["claim"] is True and found["alive"] is True
    assert found["confidence"] > 0.9 and found["since"] is None
    assert {"cause", "probability", "for", "against"} <= found["hypotheses"][0].keys()
    assert sum(each["probability"] for each in found["hypotheses"]) <= 1.0001
    assert {layer["layer"] for layer in found["layers"]} >= {"route", "tcp", "banner", "authentication", "exec"}
    assert len(found["table"]["sha1"]) == 40


def test_people_read_a_sentence_first(vmc, at):
    ended = vmc("diagnose", *at.words)
    assert at.name in ended.out.splitlines()[0] and ended.err == "", ended
    assert "Nothing is wrong" in ended.out or "degraded" in ended.out


def test_silence_is_a_set_of_causes_and_nothing_is_claimed(vmc, own_host):
    at = own_host()
    assert vmc("diagnose", "--json", *at.words).json["claim"] is True
    at.host.fault("drop")
    ended = vmc("diagnose", "--json", *at.words)
    found = ended.json
    assert ended.code == 2 and ended.seconds < 9, ended
    assert (found["verdict"], found["claim"], found["cause"]) == ("unreachable", False, "unknown"), found
    assert {"path-dead", "vm-off"} <= {each["cause"] for each in found["hypotheses"]}
    assert found["since"] is not None
    page = vmc("diagnose", *at.words).out
    assert "observed, not proven" in page and "cannot be told from here" in page


def test_a_filter_before_the_port_is_told_from_a_dead_host_by_a_port_that_refuses(vmc, own_host):
    at = own_host()
    vmc("diagnose", *at.words)
    at.host.fault("drop-new", port=at.port)
    found = vmc("diagnose", "--json", *at.words).json
    assert found["alive"] is True and found["confidence"] > 0.9
    assert found["hypotheses"][0]["cause"] == "port-filtered", found["hypotheses"]


def test_nothing_is_sent_to_a_closed_port_when_that_is_not_wanted(vmc, at):
    for asked in (("--no-closed-port",), ()):
        found = vmc("diagnose", "--json", *asked, *at.words).json
        assert any(layer["layer"] == "closed-port" for layer in found["layers"]) == (not asked)
    vmc.settings("closed_port = false\n")
    assert all(layer["layer"] != "closed-port" for layer in vmc("diagnose", "--json", *at.words).json["layers"])


def test_a_watch_speaks_when_something_changes_and_ends_by_ctrl_c(vmc, own_host):
    at = own_host()
    watch = vmc.start("diagnose", "--watch", "--json", "--every", "2", *at.words)
    try:
        assert json.loads(watch.stdout.readline())["alive"] is True
        at.host.sshd("stop")
        assert json.loads(watch.stdout.readline())["cause"] == "sshd-down"
        at.host.sshd("start")
        assert json.loads(watch.stdout.readline())["cause"] != "sshd-down"
    finally:
        watch.send_signal(signal.SIGINT)
        assert watch.wait(10) == 130


@pytest.mark.parametrize("words", [("--every", "0.1"), ("--every", "often"), ("--watch", "--every", "-1")])
def test_a_pace_that_is_none_is_64(vmc, at, words):
    assert vmc("diagnose", *words, *at.words).code == 64


def test_a_watch_does_not_hammer_a_sshd_that_turns_it_away(vmc, own_host):
    at = own_host(sshd_options=("MaxStartups 3:100:3",))
    assert vmc("diagnose", *at.words).code in (0, 1)
    held = [socket.create_connection((at.address, at.port), 5) for _ in range(3)]
    try:
        assert all(one.recv(8) for one in held)  # sshd serves them
        watch = vmc.start("diagnose", "--watch", "-v", "--every", "2", *at.words)
        assert "throttled" in watch.stdout.readline().decode()
        time.sleep(5)  # two or three looks
        watch.send_signal(signal.SIGINT)
        _, err = watch.communicate(timeout=10)
    finally:
        for one in held:
            one.close()
    assert 2 <= err.count(b"connecting to") <= 5, err


def test_an_exec_whose_link_is_lost_says_what_broke(vmc, own_host):
    at = own_host()
    for form in ((), ("--json",)):
        process = vmc.start("exec", *form, *at.words, "--", "echo ready; sleep 60")
        while b"ready" not in process.stdout.readline():
            pass
        at.host.sshd("stop")
        at.host.sshd("kill-sessions")
        out, err = process.communicate(timeout=20)
        assert process.returncode == 255
        at.host.sshd("start")
        if form:
            last = json.loads(out.splitlines()[-1])
            assert (last["event"], last["cause"]) == ("diagnosis", "sshd-down"), last
        else:
            assert b"lost" in err and b"now degraded: sshd does not run" in err, err


def test_a_run_that_hears_nothing_says_what_a_look_finds(vmc, own_host):
    at = own_host()
    vmc("diagnose", *at.words)
    process = vmc.start("run", *at.words, "--", "echo ready; sleep 9; echo done")
    assert process.stdout.readline() == b"ready\n"
    at.host.fault("drop")
    line = ""
    while "nothing heard" not in line:
        line = process.stderr.readline().decode()
        assert line, "it ended and had not said it"
    assert "nothing gets through" in line and "goes on by itself" in line, line
    at.host.heal()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, b"done\n"), err


def test_a_look_after_a_crash_says_that_it_crashed_and_on_which_words(vmc, own_host):
    at = own_host()
    assert vmc("diagnose", *at.words).code == 0
    died_at = int(time.time()) + 2  # dates of files are read as whole seconds
    said = "<0>[   12.3] Kernel panic - not syncing: sysrq triggered crash"
    done = at.host.run(["sh", "-c", f"d=/var/lib/systemd/pstore/1; mkdir -p $d; echo '{said}' >$d/dmesg.txt; "
                                    f"touch -d @{died_at} $d/dmesg.txt; sync"])
    assert done.returncode == 0, done
    while time.time() < died_at:
        time.sleep(died_at - time.time())
    at.host.reboot()
    found = vmc("diagnose", "--json", *at.words).json
    assert (found["verdict"], found["boot_change"]) == ("healthy", "crash-reboot"), found
    assert found["boot"]["cause"].endswith("sysrq triggered crash") and found["boot"]["returned_at"], found["boot"]
    again = vmc("diagnose", "--json", *at.words).json
    assert (again["boot_change"], again["boot"]) == ("none", None), again
    at.host.reboot()
    text = " ".join(vmc("diagnose", *at.words).out.split())
    assert "Since we last read its boot: rebooted: at least once; back " in text, text


def test_a_look_after_a_power_cut_says_when_it_was_last_alive_by_the_heartbeat_of_a_job(vmc, own_host):
    at = own_host()
    vmc("diagnose", *at.words)
    assert vmc("run", "--detach", "--name", "long", *at.words, "--", "sleep 300").code == 0
    beats = "/var/lib/vm-connection/jobs/*/beat.0"
    at.host.run(["sh", "-c", f"until [ \"$(cat {beats} | wc -l)\" -ge 3 ]; do sleep 0.1; done"])
    at.host.power_off()
    at.host.power_on()
    read = at.host.run(["sh", "-c", f"tail -n 1 {beats}"]).stdout.split()
    found = vmc("diagnose", "--json", *at.words).json
    boot = found["boot"]
    clue = next(each for each in boot["evidence"] if each["tells"] == "died_at")
    assert clue["source"] == "heartbeat", boot
    died_at = datetime.datetime.fromisoformat(boot["died_at"]).timestamp()
    assert abs(died_at - int(read[3])) <= 1, (boot, read)


def test_a_disk_that_hangs_is_told_also_where_sshd_ends_who_is_silent(vmc, own_host):
    at = own_host(sshd_options=("ChannelTimeout session:*=3s",))
    assert vmc("diagnose", "--json", *at.words).json["verdict"] == "healthy"
    at.host.run(["fsfreeze", "-f", "/var"])
    try:
        found = vmc("diagnose", "--json", *at.words, within=40).json
    finally:
        at.host.run(["fsfreeze", "-u", "/var"])
    assert (found["verdict"], found["cause"], found["claim"]) == ("degraded", "disk-hung", True), found


@pytest.mark.parametrize("by_port", [False, True])
def test_a_canary_tells_our_own_network_from_the_vm(vmc, own_host, by_port):
    at, other = own_host(), own_host()
    canary = f"{other.address}:{other.port}" if by_port else other.address
    vmc.settings(f'canary = "{canary}"\n')

    def look():
        found = vmc("diagnose", "--json", *at.words).json
        ours = sum(each["probability"] for each in found["hypotheses"] if each["cause"] == "observer-offline")
        return found, next(each for each in found["layers"] if each["check"] == "canary")["answer"], ours

    assert look()[1] == "works"
    at.host.fault("drop")
    found, answer, while_it_answers = look()
    assert answer == "works" and found["claim"] is False, found
    other.host.fault("drop")
    found, answer, ours = look()
    assert (answer, found["claim"], found["verdict"]) == ("fails", False, "unreachable"), found
    assert ours > 10 * while_it_answers, found["hypotheses"]
    at.host.heal()
    # Its illness is not the VM's.
    assert vmc("diagnose", "--json", *at.words).json["cause"] == "none"


def test_a_canary_that_is_no_host_is_64(vmc, at):
    for text in ("a b", "user@host", "host:0", "-oProxyCommand=x"):
        ended = vmc("diagnose", f"--canary={text}", *at.words)
        assert ended.code == 64 and "canary" in ended.err and len(ended.err.splitlines()) == 1, ended


def test_a_power_switch_tells_apart_what_silence_does_not(vmc, own_host, tmp_path):
    at = own_host()
    stands = tmp_path / "stands"
    stands.write_text("off\n")
    vmc.settings(f'[host."{at.address}".power]\ntype = "command"\nstatus = ["cat", "{stands}"]\n')
    # While it runs commands, nobody asks: a switch may be wired to another machine.
    well = vmc("diagnose", "--json", *at.words).json
    assert well["verdict"] == "healthy" and all(each["check"] != "power-switch" for each in well["layers"]), well
    at.host.fault("drop")
    for says, verdict, cause in (("off", "off", "vm-off"), ("paused", "unreachable", "vm-paused"),
                                 ("panicked", "crashed", "kernel-dead")):
        stands.write_text(says + "\n")
        ended = vmc("diagnose", "--json", *at.words)
        found = ended.json
        assert (found["verdict"], found["claim"], found["cause"], ended.code) == (verdict, True, cause, 2), found
        assert [each["cause"] for each in found["hypotheses"]] == [cause]
    for says in ("on", "gone fishing"):
        stands.write_text(says + "\n")
        found = vmc("diagnose", "--json", *at.words).json
        assert (found["verdict"], found["claim"]) == ("unreachable", False), found
    stands.write_text("off\n")
    page = vmc("diagnose", *at.words).out
    assert "off\n" in page.splitlines(keepends=True)[0] and "power switch" in page, page
    # Only the way to its SSH port is shut, and it answers ping: the switch is not believed.
    at.host.heal()
    at.host.fault("drop-new", port=at.port)
    assert vmc("diagnose", "--json", *at.words).json["cause"] != "vm-off"
