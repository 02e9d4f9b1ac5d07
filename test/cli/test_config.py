# SPDX-License-Identifier: Apache-2.0
"""vmc config, and which of several words counts: files < VMC_… < flags."""

import time

import pytest

from conftest import one_line


def origin(ended):
    return {line.split()[0]: line.split()[1:] for line in ended.out.splitlines()}


def test_every_value_says_where_it_came_from(vmc):
    path = vmc.settings('lost_after = "10m"\nport = 2222\n[host."web-1"]\nuser = "root"\n[host.other]\nport = 1\n')
    vmc.environment["VMC_CONNECT_TIMEOUT"] = "3s"
    ended = vmc("config", "show", "--origin", "deploy@web-1:22")
    assert ended.code == 0 and ended.err == ""
    values = origin(ended)
    assert values["lost_after"] == ["10m", f"{path}:1"]
    assert values["port"] == ["22", "HOST"]
    assert values["user"] == ["deploy", "HOST"]  # as exec will have it
    assert origin(vmc("config", "show", "--origin", "web-1"))["user"] == ["root", f"{path}:4"]
    assert values["connect_timeout"] == ["3s", "VMC_CONNECT_TIMEOUT"]
    assert values["ephemeral"] == ["false", "default"]
    assert origin(vmc("config", "show", "--origin"))["user"] == ["-", "default"]
    assert vmc("config", "show", "--json").json["settings"]["port"]["value"] == "2222"


@pytest.mark.parametrize("text, line, says", [
    ('lost_afterr = "10m"\n', 1, "lost_afterr"),
    ('\n\nport = 70000\n', 3, "port"),
    ('connect_timeout = "soon"\n', 1, "connect_timeout"),
    ('connect_timeout = -1\n', 1, "connect_timeout"),
    ('strict_host_key = "yes"\n', 1, "strict_host_key"),
    ('user = ["a"]\n', 1, "user"),
    ('[host."other"]\nprot = 1\n', 2, "prot"),
    ('host = "x"\n', 1, "host"),
    ('port = = 1\n', 1, ""),
])
def test_a_mistake_in_a_file_is_named_with_its_line_whatever_the_verb(vmc, text, line, says):
    path = vmc.settings(text)
    for words in (("config", "show"), ("exec", "web-1", "--", "true"), ("check", "web-1")):
        ended = vmc(*words, within=5)
        assert ended.code == 125, ended
        assert f"{path}:{line}" in one_line(ended) and says in ended.err


def test_a_mistake_in_the_environment_is_named(vmc):
    vmc.environment["VMC_LOST_AFTER"] = "soon"
    ended = vmc("config", "show")
    assert ended.code == 125 and "VMC_LOST_AFTER" in one_line(ended)


def test_flags_beat_the_environment_and_that_the_file(vmc, no_key, server):
    silent = server(lambda connection: time.sleep(30))

    def seconds(*words):
        return vmc("exec", *no_key, *words, silent.name, "--", "true", within=8).seconds

    vmc.settings('connect_timeout = 3\n')
    assert 2.8 < seconds() < 4
    vmc.environment["VMC_CONNECT_TIMEOUT"] = "2"
    assert 1.8 < seconds() < 2.9
    assert 0.9 < seconds("--connect-timeout", "1") < 1.8


@pytest.mark.host
def test_settings_of_a_host_are_used(vmc, at):
    vmc.settings(f'identity_file = "/no/such/key"\n[host."{at.address}"]\nuser = "root"\nidentity_file = "{at.key}"\n')
    ended = vmc("exec", at.address, "--", "id -un")
    assert (ended.code, ended.out) == (0, "root\n"), ended
