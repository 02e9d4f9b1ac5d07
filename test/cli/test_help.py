# SPDX-License-Identifier: Apache-2.0
"""Help that a newcomer understands, on a terminal of 80 columns."""

import re

import pytest

VERBS = ["exec", "run", "check", "diagnose", "boot", "recover", "reboot", "power", "console", "incidents", "wait",
         "trust", "config"]


def test_the_program_lists_its_verbs_and_how_to_begin(vmc):
    ended = vmc("--help")
    assert ended.code == 0 and ended.err == ""
    for verb in VERBS:
        assert re.search(rf"^  {verb} ", ended.out, re.M), verb
    assert "vmc exec root@192.0.2.7 -- uptime" in ended.out


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_usage_options_examples_and_exit_codes(vmc, verb):
    ended = vmc(verb, "--help")
    assert ended.code == 0 and ended.err == ""
    assert f"vmc {verb}" in ended.out and "xample" in ended.out
    if verb != "config":
        assert "Exit code" in ended.out


@pytest.mark.parametrize("verb", [None, *VERBS])
def test_no_line_is_wider_than_a_terminal(vmc, verb):
    out = vmc(*([verb] if verb else []), "--help").out
    assert [line for line in out.splitlines() if len(line) > 80] == []


def test_the_version_is_one_line(vmc):
    ended = vmc("--version")
    assert ended.code == 0 and re.fullmatch(r"vmc \d+\.\d+\.\d+\n", ended.out)
