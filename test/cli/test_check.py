# SPDX-License-Identifier: Apache-2.0
"""vmc check: layers, verdict, confidence; 0 healthy, 1 degraded, 2 unreachable, 3 cannot tell."""

import socket
import time

import pytest

pytestmark = pytest.mark.host


@pytest.mark.parametrize("level", ["basic", "medium", "thorough"])
def test_a_healthy_vm_is_0_at_every_level(vmc, at, level):
    ended = vmc("check", "--level", level, "--json", *at.words, within=40)
    health = ended.json
    assert ended.code == (0 if health["verdict"] == "healthy" else 1), ended
    assert health["schema"] == 1 and health["level"] == level
    assert health["network_reachable"] is True
    assert {layer["answer"] for layer in health["layers"]} <= {"works", "fails", "unknown"}
    assert {"layer", "check", "answer", "detail", "took_ms"} <= health["layers"][0].keys()
    if level != "basic":
        assert health["alive"] is True and health["ssh_available"] is True and health["confidence"] >= 0.7


def test_people_see_each_layer_with_its_answer(vmc, at):
    ended = vmc("check", *at.words)
    lines = ended.out.splitlines()
    assert at.name in lines[0] and "confidence" in lines[1]
    for layer in ("tcp", "authentication", "exec"):
        assert any(layer in line and "works" in line for line in lines), ended
    assert ended.err == ""


def test_a_dead_host_is_2_and_nothing_is_claimed(vmc, own_host):
    at = own_host()
    at.host.fault("drop")
    ended = vmc("check", "--json", "--connect-timeout", "2", *at.words, within=20)
    assert ended.code in (2, 3), ended
    assert ended.json["verdict"] in ("unreachable", "unknown") and ended.json["claim"] is False
    assert ended.json["alive"] is False


def test_a_host_whose_sshd_is_down_is_told_from_a_dead_one(vmc, own_host):
    at = own_host()
    at.host.sshd("stop")
    ended = vmc("check", "--json", *at.words, within=20)
    assert ended.code != 0
    assert ended.json["port_behavior"] == "refused" and ended.json["network_reachable"] is True


@pytest.mark.parametrize("level", ["basic", "medium"])
def test_a_router_that_rejects_is_told_from_silence(vmc, own_host, level):
    at = own_host()
    at.host.fault("reject-icmp")
    ended = vmc("check", "--json", "--level", level, "--connect-timeout", "5", *at.words, within=20)
    assert ended.code == 2, ended
    assert ended.json["port_behavior"] == "unreachable" and ended.json["claim"] is False


def test_a_host_that_is_off_behind_a_router_that_says_so_is_unreachable_not_off(vmc, own_host):
    at = own_host()
    at.host.power_off(unreachable=True)
    ended = vmc("check", "--json", "--connect-timeout", "5", *at.words, within=20)
    assert ended.code == 2 and ended.json["verdict"] == "unreachable" and ended.json["claim"] is False, ended


def test_a_shell_loop_against_a_hung_sshd_makes_three_connections(vmc, own_host):
    at = own_host()
    at.host.sshd("freeze")
    loop = ("exec", "--connect-timeout", "0.5", *at.words, "--", "true")
    ends = [vmc(*loop) for _ in range(8)]
    assert {ended.code for ended in ends} == {255}
    assert ["banned" in ended.err for ended in ends] == [False] * 3 + [True] * 5
    assert "--retry-auth" in ends[4].err and len(ends[4].err.splitlines()) == 1
    checked = vmc("check", "--json", *at.words)
    assert checked.code == 3 and checked.json["verdict"] == "unknown", checked
    assert "banned" not in vmc(*loop[:1], "--retry-auth", *loop[1:]).err
    at.host.sshd("thaw")


def test_a_forwarded_port_may_be_tried_as_often_as_one_likes(vmc, no_key, server):
    """It accepts for a guest that is still booting, and nobody bans himself."""
    silent = server(lambda connection: time.sleep(60))
    ends = [vmc("exec", *no_key, "--connect-timeout", "0.3", silent.name, "--", "true") for _ in range(7)]
    assert not any("banned" in ended.err for ended in ends) and silent.calls == 7


def test_a_denied_login_is_3_it_says_nothing_of_the_vm(vmc, own_host):
    at = own_host()
    ended = vmc("check", "--json", "-i", at.wrong_key, at.name)
    assert ended.code == 3, ended
    assert ended.json["cause"] == "auth-denied"


def test_no_check_takes_longer_than_it_may(vmc, no_key, server):
    silent = server(lambda connection: time.sleep(60))
    ended = vmc("check", *no_key, "--connect-timeout", "2", silent.name, within=32)
    assert ended.code in (1, 2, 3)
