# SPDX-License-Identifier: Apache-2.0
"""Names, keys and options as the user's ssh has them."""

import os
import subprocess
import time

import pytest

from conftest import one_line


@pytest.mark.host
def test_a_name_only_ssh_knows_is_reached_with_its_user_port_and_key(vmc, own_host):
    at = own_host(port=2200)
    config = vmc.home / "ssh_config"
    config.write_text(f"Host web-1\n  HostName {at.address}\n  Port 2200\n  User root\n  IdentityFile {at.key}\n"
                      "  IdentitiesOnly yes\n")
    ended = vmc("exec", "-F", config, "web-1", "--", "echo hi")
    assert (ended.code, ended.out) == (0, "hi\n"), ended


@pytest.mark.host
@pytest.mark.parametrize("without_ssh", [False, True], ids=["with ssh", "without ssh"])
def test_options_are_those_of_ssh(vmc, at, without_ssh):
    if without_ssh:
        vmc.environment["PATH"] = "/nowhere"
    options = ("-o", f"HostName={at.address}", "-o", "User root", "-o", f"Port={at.port}",
               "-o", f"IdentityFile={at.key}", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")
    ended = vmc("exec", *options, "some-name", "--", "echo hi")
    assert (ended.code, ended.out) == (0, "hi\n"), ended


def test_an_option_ssh_refuses_is_refused_in_its_words(vmc):
    ended = vmc("exec", "-o", "NoSuchOption=1", "web-1", "--", "true")
    assert ended.code == 64
    assert "nosuchoption" in one_line(ended).lower()


def test_without_ssh_an_option_only_ssh_understands_is_said_not_ignored(vmc):
    vmc.environment["PATH"] = "/nowhere"
    ended = vmc("exec", "-o", "BindAddress=10.0.0.1", "web-1", "--", "true")
    assert ended.code == 64
    assert "BindAddress" in one_line(ended)


@pytest.mark.host
def test_a_jump_host_carries_the_connection(vmc, own_host):
    bastion, inner = own_host(), own_host()
    config = vmc.home / "ssh_config"
    config.write_text(f"Host *\n  IdentityFile {bastion.key}\n  StrictHostKeyChecking no\n"
                      "  UserKnownHostsFile /dev/null\n")
    ended = vmc("exec", "-F", config, "-J", f"root@{bastion.address}", *inner.words, "--", "echo $SSH_CONNECTION")
    assert ended.code == 0, ended
    assert ended.out.split()[0] == bastion.address


@pytest.mark.host
def test_without_an_i_the_default_keys_of_ssh_are_offered(vmc, at):
    """From the account's home, as ssh does; the agent is asked as well."""
    ended = vmc("exec", at.name, "--", "true")
    assert ended.code in (0, 255)
    if ended.code == 255:
        assert "key" in one_line(ended)


@pytest.mark.host
def test_an_explicit_key_means_that_key_only(vmc, own_host):
    at = own_host()
    socket = vmc.home / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL) as agent:
        while not socket.exists():
            time.sleep(0.02)
        subprocess.run(["ssh-add", "-q", at.key], env={"SSH_AUTH_SOCK": str(socket)}, check=True)
        vmc.environment["SSH_AUTH_SOCK"] = str(socket)
        denied = vmc("exec", "-i", at.wrong_key, at.name, "--", "true")
        in_by_agent = vmc("exec", "-F", "/dev/null", at.name, "--", "true")
        agent.terminate()
    assert denied.code == 255 and at.denials() == 1
    assert in_by_agent.code == 0  # the agent would have let us in
