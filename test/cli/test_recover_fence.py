# SPDX-License-Identifier: Apache-2.0
"""vmc recover by a fence agent that others wrote: fence_dummy, as Debian has it."""

import json
import time

import pytest
from outlets import Fenced

pytestmark = pytest.mark.host


@pytest.fixture
def fenced(vmc, own_host, tmp_path):
    made = []

    def make(**options):
        at = own_host()
        made.append(Fenced(vmc, at, tmp_path, **options))
        assert vmc("diagnose", *at.words).code == 0
        return at, made[-1]

    yield make
    for one in made:
        one.end()


def test_a_silent_vm_is_switched_off_and_on_by_its_fence_agent(vmc, fenced):
    at, switch = fenced()
    assert vmc("power", "status", at.name).out == f"{at.name}: on (Status: ON)\n"
    at.host.power_off()  # and its outlet stays on: a kernel that is dead, say
    ended = vmc("recover", "--yes", "--json", *at.words, within=180)
    assert ended.code == 0 and switch.seen == ["off", "on"], ended
    assert [step["rung"] for step in ended.json["steps"]] == ["look-again", "power-cycle"]
    assert "power-cycle" in vmc("incidents", ended.json["incident"][:16]).out


def test_a_vm_whose_outlet_is_off_is_switched_on_by_its_fence_agent(vmc, fenced):
    at, switch = fenced()
    switch.outlet.write_text("off")
    end = time.monotonic() + 30
    while at.host.status()["power"] != "off" and time.monotonic() < end:
        time.sleep(0.05)
    ended = vmc("recover", "--yes", "--json", *at.words, within=120)
    assert ended.code == 0 and switch.seen == ["off", "on"], ended
    assert "off by its power switch" in ended.json["steps"][-1]["reason"]


@pytest.mark.parametrize("trick, words", [
    ("readable", "others may read it"), ("missing", "cannot start"), ("garbage", "unknown"),
    ("endless", "did not end in time")])
def test_a_switch_that_cannot_be_asked_is_one_clear_reason_and_no_action(vmc, own_host, tmp_path, trick, words):
    at, agent, secrets, called = own_host(), tmp_path / "fence_test", tmp_path / "secrets", tmp_path / "called"
    does = {"garbage": "head -c 100000 /dev/urandom; exit 7", "endless": "exec sleep 4731"}.get(trick, "exit 0")
    if trick != "missing":
        agent.write_text(f"#!/bin/sh\ngrep action= >>{called}\n{does}\n")
        agent.chmod(0o755)
    secrets.write_text("password=hunter2\n")
    secrets.chmod(0o644 if trick == "readable" else 0o600)
    assert vmc("diagnose", *at.words).code == 0
    vmc.settings(f'[host."{at.name}".power]\ntype = "fence"\nagent = "{agent}"\nsecrets = "{secrets}"\nwithin = 2\n'
                 f'[host."{at.name}".recovery]\nprofile = "lab"\nsilence = 5\n')
    at.host.power_off()
    ended = vmc("recover", "--yes", "--timeout", "15", *at.words, within=60)
    assert ended.code == 1 and words in ended.out.splitlines()[0] and "\x1b" not in ended.out, ended
    assert not called.exists() or set(called.read_text().split()) <= {"action=status"}, called.read_text()


def test_a_fence_agent_that_cannot_switch_is_said_to_have_failed_and_is_not_called_again(vmc, fenced):
    at, switch = fenced(type="fail", power_timeout="2")
    at.host.power_off()
    ended = vmc("recover", "--yes", "--json", "--timeout", "35", *at.words, within=120)
    assert ended.code == 1 and not ended.json["recovered"] and switch.seen == [], ended
    began = [json.loads(line) for line in vmc("incidents", "--json").out.splitlines()]
    assert sum(line["event"] == "began" and line["text"].startswith("power-cycle") for line in began) == 1, began
    assert "failed" in vmc("incidents", ended.json["incident"][:16]).out
