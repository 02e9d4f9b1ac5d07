# SPDX-License-Identifier: Apache-2.0
"""vmc recover, reboot, incidents, and run --recover, on real hosts with a power switch that really cuts."""

import json
import signal
import time

import pytest
from outlets import Outlet
from test_terminal import Screen

pytestmark = pytest.mark.host


@pytest.fixture
def outlet(vmc, own_host, tmp_path):
    made = []

    def make(more=""):
        at = own_host()
        made.append(Outlet(vmc, at, tmp_path, more))
        assert vmc("diagnose", *at.words).code == 0
        return at, made[-1]

    yield make
    for one in made:
        one.end()


def log(vmc):
    return [json.loads(line) for line in vmc("incidents", "--json").out.splitlines()]


def test_a_vm_that_is_well_is_left_alone_and_is_no_incident(vmc, at):
    ended = vmc("recover", *at.words)
    assert ended.code == 0 and ended.out == f"{at.name}: it is well\n" and ended.err == "", ended
    assert vmc("incidents").code == 1


def test_a_vm_that_is_off_is_switched_on_and_what_was_done_is_in_the_log(vmc, outlet):
    at, switch = outlet()
    switch.pull()
    ended = vmc("recover", "--yes", "--json", *at.words, within=120)
    assert ended.code == 0, ended
    told = ended.json
    assert told["recovered"] and told["boot_change"].startswith("reboot"), told
    assert [step["rung"] for step in told["steps"]] == ["look-again", "power-cycle"]
    assert switch.given() == ["on"]
    events = log(vmc)
    assert {line["incident"] for line in events} == {told["incident"]}
    assert [line["event"] for line in events].count("began") == 2 and events[-1]["event"] == "closed"
    page = vmc("incidents", told["incident"][:16])
    assert page.code == 0 and "power-cycle" in page.out
    for words in ([], [told["incident"][:16]]):  # on a terminal nothing breaks at its edge but a word that is longer
        screen = Screen(vmc, "incidents", *words)
        assert screen.end() == 0
        shown = screen.seen.decode().splitlines()
        assert len(shown) > 2 and all(len(line) <= 80 or " " not in line.strip() for line in shown), shown


def test_a_silent_vm_is_cycled_after_the_silence_and_never_before(vmc, outlet):
    at, switch = outlet()
    at.host.power_off()  # and its switch says on: a kernel that is dead, say
    began = time.monotonic()
    ended = vmc("recover", "--yes", *at.words, within=180)
    assert ended.code == 0 and switch.given() == ["off", "on"], ended
    assert time.monotonic() - began > 5


def test_a_dry_run_gives_no_order_and_writes_nothing(vmc, outlet):
    at, switch = outlet()
    switch.pull()
    kept = {path for path in (vmc.home / "state").rglob("*") if "power" not in path.name}
    ended = vmc("recover", "--dry-run", "--yes", *at.words, within=60)
    assert ended.code == 1 and "dry run: nothing was done" in ended.out and "power-cycle" in ended.out, ended
    rungs = [line for line in ended.out.splitlines()[2:] if not line.startswith(" " * 15)]
    assert len(rungs) == 6 and all(len(line) <= 80 for line in rungs), ended.out
    assert switch.given() == []
    assert {path for path in (vmc.home / "state").rglob("*") if "power" not in path.name} == kept
    assert vmc("incidents").code == 1


def test_without_yes_nothing_takes_a_vm_down(vmc, outlet):
    at, switch = outlet()
    switch.pull()
    ended = vmc("recover", *at.words, within=60)
    assert ended.code == 1 and switch.given() == [] and "--yes" in ended.err, ended


def test_an_orderly_reboot_is_back_with_another_boot_and_says_how_long_it_was_away(vmc, own_host):
    at = own_host()
    before = vmc("boot", "show", "--json", *at.words).json["boot_id"]
    ended = vmc("reboot", "--json", *at.words, within=90)
    assert ended.code == 0, ended
    told = ended.json
    assert told["boot_id"] != before if "boot_id" in told else before in ended.out
    assert 0 < told["silent_ms"] <= told["took_ms"]
    assert vmc("boot", "show", "--json", *at.words).json["boot_id"] != before


def test_whoever_is_killed_in_the_middle_leaves_it_to_the_next(vmc, outlet):
    at, switch = outlet()
    switch.pull()
    first = vmc.start("recover", "--yes", *at.words)
    while not switch.given():
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    ended = vmc("recover", "--yes", *at.words, within=180)
    assert ended.code == 0 and switch.given() == ["on"], ended
    events = log(vmc)
    assert len({line["incident"] for line in events}) == 1
    assert sum(line["event"] == "began" and line["text"].startswith("power-cycle") for line in events) == 1


def test_a_run_whose_vm_is_gone_brings_it_back_and_tells_the_truth_about_the_job(vmc, outlet):
    at, switch = outlet()
    job = vmc.start("run", "--recover", *at.words, "--", "echo begun; sleep 300")
    assert job.stdout.readline() == b"begun\n"
    switch.pull()
    out, err = job.communicate(timeout=180)
    assert switch.given() == ["on"], err
    assert job.returncode == 75 and b"recovered: back" in err, (job.returncode, err)


def test_a_run_whose_vm_nobody_brings_back_ends_and_says_so(vmc, outlet):
    at, switch = outlet(more='up_to = "repair"')
    job = vmc.start("run", "--recover", *at.words, "--", "echo begun; sleep 300")
    assert job.stdout.readline() == b"begun\n"
    switch.pull()
    out, err = job.communicate(timeout=120)
    assert job.returncode == 255 and b"not recovered" in err and switch.given() == [], (job.returncode, err)


@pytest.mark.parametrize("line, why", [
    ('up_to = "power"', "recovery.up_to must be look-again"),
    ('profile = "reckless"', "recovery.profile must be"),
    ("silence = -3", "recovery.silence must be a span"),
    ("a_day = 1000", "recovery.a_day must be a whole number"),
    ("fleet_share = 7.0", "recovery.fleet_share must be between"),
    ("fleet_size = \"many\"", "recovery.fleet_size must be"),
    ("sooner = true", "recovery.sooner is no setting"),
])
def test_a_policy_that_makes_no_sense_is_one_line_with_its_place(vmc, line, why):
    vmc.settings(f'[host."web-1".recovery]\n{line}\n')
    ended = vmc("recover", "web-1")
    assert ended.code == 125 and f"config.toml:2: {why}" in ended.err and len(ended.err.splitlines()) == 1, ended


@pytest.mark.parametrize("words, why", [
    (("--up-to", "moon"), "--up-to: unknown"), (("--profile", "x"), "--profile: unknown"),
    (("--timeout", "soon"), "--timeout")])
def test_a_command_line_that_makes_no_sense_is_one_line(vmc, words, why):
    ended = vmc("recover", *words, "web-1")
    assert ended.code == 64 and why in ended.err and len(ended.err.splitlines()) == 1, ended
