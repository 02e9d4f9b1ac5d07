# SPDX-License-Identifier: Apache-2.0
"""What cannot work ends with one line on stderr that names stage and cause, the right exit code, and in time."""

import os
import socket
import time

import pytest

from conftest import one_line


@pytest.mark.parametrize("words, names", [
    ((), "no verb"),
    (("fly", "web-1"), "no verb"),
    (("exec",), "HOST"),
    (("exec", "web-1"), "--"),
    (("exec", "web-1", "uptime"), "uptime"),
    (("exec", "web-1", "--"), "empty"),
    (("exec", "web-1", "--", ""), "empty"),
    (("exec", "web-1", "--", "  "), "empty"),
    (("exec", "--no-such-option", "web-1", "--", "true"), "--no-such-option"),
    (("exec", "--timeout", "soon", "web-1", "--", "true"), "--timeout"),
    (("exec", "--timeout", "-5", "web-1", "--", "true"), "--timeout"),
    (("exec", "--timeout", "0", "web-1", "--", "true"), "--timeout"),
    (("exec", "--lost-after", "x", "web-1", "--", "true"), "--lost-after"),
    (("exec", "--connect-timeout", "x", "web-1", "--", "true"), "--connect-timeout"),
    (("exec", "--env", "NOEQUALS", "web-1", "--", "true"), "--env"),
    (("exec", "--env", "a b=c", "web-1", "--", "true"), "a b"),
    (("exec", "--host-key", "abc", "web-1", "--", "true"), "--host-key"),
    (("exec", "-p", "0", "web-1", "--", "true"), "-p"),
    (("exec", "-p", "70000", "web-1", "--", "true"), "-p"),
    (("exec", "web-1:0", "--", "true"), "port"),
    (("exec", "web-1:70000", "--", "true"), "port"),
    (("exec", "web-1:ssh", "--", "true"), "port"),
    (("exec", "-oProxyCommand=x", "--", "true"), "HOST"),
    (("exec", "web-1;reboot", "--", "true"), "HOST"),
    (("exec", "", "--", "true"), "HOST"),
    (("exec", "a b", "--", "true"), "HOST"),
    (("exec", "-F", "/no/such/file", "web-1", "--", "true"), "-F"),
    (("check", "--level", "deep", "web-1"), "deep"),
    (("check", "web-1", "--", "true"), "command"),
    (("boot", "forget", "web-1"), "forget"),
    (("wait", "web-1"), "--for"),
    (("wait", "web-1", "--for", "ever"), "ever"),
    (("wait", "web-1", "--for", "up", "--until", "true"), "--for"),
    (("trust", "web-1", "--expect", "md5:xyz"), "--expect"),
    (("config", "edit"), "config show"),
], ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_a_command_line_that_makes_no_sense_ends_with_64_and_says_which_word(vmc, words, names):
    ended = vmc(*words, within=5)
    assert ended.code == 64, ended
    assert names in one_line(ended)
    assert ended.stdout == b""


def test_an_unknown_host_name_is_named_as_such(vmc, no_key):
    ended = vmc("exec", *no_key, "no-such-host.invalid", "--", "true", within=15)
    assert ended.code == 255
    assert "resolve: " in one_line(ended) and "no-such-host.invalid" in ended.err


def test_a_closed_port_is_told_at_once(vmc, no_key):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    ended = vmc("exec", *no_key, f"root@127.0.0.1:{port}", "--", "true", within=5)
    assert ended.code == 255
    assert "tcp: " in one_line(ended) and "refused" in ended.err


@pytest.mark.host
def test_a_filtered_port_takes_no_longer_than_the_connect_timeout(vmc, own_host):
    at = own_host()
    at.host.fault("drop")
    ended = vmc("exec", "--connect-timeout", "2", *at.words, "--", "true", within=4)
    assert ended.code == 255
    assert "tcp: " in one_line(ended)
    assert 1.5 < ended.seconds < 3.5


def test_the_timeout_of_a_command_bounds_connecting_too(vmc, no_key, server):
    silent = server(lambda connection: time.sleep(60))
    ended = vmc("exec", "--timeout", "1", *no_key, silent.name, "--", "true", within=3)
    assert ended.code == 124
    assert "banner: " in one_line(ended)


def test_an_http_server_on_the_port_is_recognised(vmc, no_key, server):
    def speak_http(connection):
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        connection.close()

    ended = vmc("exec", *no_key, server(speak_http).name, "--", "true", within=14)
    assert ended.code == 255
    assert "banner: " in one_line(ended) and "HTTP/1.1 400" in ended.err


def test_a_server_that_accepts_and_says_nothing_is_told_from_a_dead_one(vmc, no_key, server):
    silent = server(lambda connection: time.sleep(60))
    ended = vmc("exec", "--connect-timeout", "1.5", *no_key, silent.name, "--", "true", within=4)
    assert ended.code == 255
    assert "banner: " in one_line(ended)
    assert silent.calls == 1


def test_a_banner_of_10_mb_costs_neither_time_nor_memory(vmc, no_key, server, tmp_path):
    sent = []

    def flood(connection):
        for _ in range(160):
            sent.append(connection.send(b"x" * 65536))
        time.sleep(5)

    ended = vmc("exec", "--connect-timeout", "5", *no_key, server(flood).name, "--", "true", within=8)
    assert ended.code == 255
    assert "banner: " in one_line(ended)
    assert len(ended.err) < 2000
    assert sum(sent) < 5_000_000  # what the kernels hold of it; the rest was never taken


def test_control_characters_of_a_server_do_not_reach_the_terminal(vmc, no_key, server):
    ended = vmc("exec", "--connect-timeout", "2", *no_key,
                server(lambda connection: (connection.sendall(b"\x1b]0;owned\x07\x1b[2J\r\n" * 3), time.sleep(5))).name,
                "--", "true", within=6)
    assert ended.code == 255
    assert b"\x1b" not in ended.stderr and b"\x07" not in ended.stderr
    one_line(ended)


@pytest.mark.host
def test_a_wrong_key_is_denied_and_named(vmc, at):
    ended = vmc("exec", "-i", at.wrong_key, at.name, "--", "true")
    assert ended.code == 255
    assert "authentication: " in one_line(ended)


@pytest.mark.host
def test_a_loop_of_20_execs_with_a_wrong_key_shows_the_server_at_most_2_denials(vmc, own_host):
    at = own_host()
    for _ in range(20):
        ended = vmc("exec", "-i", at.wrong_key, at.name, "--", "true")
        assert ended.code == 255
        one_line(ended)
    assert "--retry-auth" in ended.err
    time.sleep(0.2)
    assert at.denials() <= 2, at.host.log()
    before = at.denials()
    assert vmc("exec", "--retry-auth", "-i", at.wrong_key, at.name, "--", "true").code == 255
    time.sleep(0.2)
    assert at.denials() == before + 1
    # The good key is another credential: it is not held.
    assert vmc("exec", *at.words, "--", "true").code == 0


@pytest.mark.host
def test_a_missing_key_file_is_named_before_anybody_is_bothered(vmc, server):
    nobody = server(lambda connection: time.sleep(1))
    ended = vmc("exec", "-i", "/no/such/key", nobody.name, "--", "true", within=5)
    assert ended.code == 255
    assert "/no/such/key" in one_line(ended)
    assert nobody.calls == 0


@pytest.mark.host
def test_a_key_file_others_can_read_is_refused(vmc, at, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(open(at.key, "rb").read())
    key.chmod(0o644)
    ended = vmc("exec", "-i", key, at.name, "--", "true")
    assert ended.code == 255
    assert str(key) in one_line(ended) and "644" in ended.err


@pytest.mark.host
def test_a_key_file_we_cannot_read_is_named(vmc, at, tmp_path):
    key = tmp_path / "folder"  # root may read every file, but no folder is one
    key.mkdir()
    ended = vmc("exec", "-i", key, at.name, "--", "true")
    assert ended.code == 255
    assert str(key) in one_line(ended)


@pytest.mark.host
def test_a_missing_passphrase_is_said_not_waited_for(vmc, at):
    ended = vmc("exec", "-i", at.keys["encrypted"], at.name, "--", "true", within=5)
    assert ended.code == 255
    assert "passphrase" in one_line(ended)


@pytest.mark.host
def test_a_changed_host_key_stops_everything_until_it_is_trusted(vmc, own_host):
    at = own_host()
    assert vmc("exec", *at.words, "--", "true").code == 0
    at.host.new_host_keys()
    at = type(at)(at.host)
    ledger = "echo ran >> /root/ran"
    ended = vmc("exec", *at.words, "--", ledger)
    assert ended.code == 255
    assert "host-key: " in one_line(ended) and "vmc trust" in ended.err and at.host_key_fingerprint in ended.err
    assert at.host.run(["cat", "/root/ran"]).returncode != 0
    # Nobody even tried to log in.
    assert at.host.log().count("Accepted publickey") == 1
    assert vmc("check", *at.words).code == 3


@pytest.mark.host
def test_a_login_shell_that_refuses_is_told_from_a_command_that_fails(vmc, own_host):
    at = own_host(shell="/usr/sbin/nologin")
    ended = vmc("exec", "-q", *at.words, "--", "echo hi")
    # As with ssh: nologin's own words and its own code. And one line that says what they mean.
    assert (ended.code, ended.out) == (1, "This account is currently not available.\n"), ended
    assert "shell" in one_line(ended)
    last = vmc("exec", "--json", *at.words, "--", "echo hi").out.splitlines()[-1]
    assert '"cause":"restricted-shell"' in last


NASTY = ["it's", 'say "hi"', "a\nb", "$HOME `id` $(id)", "*", "", " ", "\\", "back\\slash\\n", "!x", "~", "-n",
         "é\u202e", b"\xff\xfe\x80", b"\x01\x1b[31m\x7f"]


@pytest.mark.host
def test_several_words_arrive_exactly_as_typed(vmc, at):
    words = [os.fsencode(word) for word in NASTY]
    ended = vmc("exec", *at.words, "--", "printf", "%s\\0", *words)
    assert ended.code == 0, ended
    assert ended.stdout.split(b"\0")[:-1] == words


@pytest.mark.host
def test_every_byte_passes_both_ways(vmc, at):
    every = bytes(range(256)) * 300
    ended = vmc("exec", *at.words, "--", "cat", feed=every)
    assert (ended.code, ended.stdout) == (0, every)


@pytest.mark.host
@pytest.mark.parametrize("form", ["[{6}]:22", "{6}", "root@[{6}]", "root@{6}", "ssh://root@[{6}]:22", "ssh://root@{4}",
                                  "{4}:22"])
def test_addresses_in_every_form_people_write(vmc, at, form):
    host = form.replace("{6}", at.address6).replace("{4}", at.address)
    ended = vmc("exec", "-l", "root", "-i", at.key, host, "--", "echo hi")
    assert (ended.code, ended.out) == (0, "hi\n"), ended


def test_loopback_in_brackets_is_reached(vmc, no_key, server):
    silent = server(lambda connection: time.sleep(10), family="inet6")
    ended = vmc("exec", "--connect-timeout", "1", *no_key, f"[::1]:{silent.port}", "--", "true", within=4)
    assert ended.code == 255 and silent.calls == 1
    ended = vmc("exec", "--connect-timeout", "1", *no_key, "-p", str(silent.port), "::1", "--", "true", within=4)
    assert ended.code == 255 and silent.calls == 2


def test_what_cannot_be_written_is_said_before_anybody_is_reached(vmc, no_key, server):
    nobody = server(lambda connection: time.sleep(1))
    ended = vmc("exec", "--result", "/no/such/folder/r.json", *no_key, nobody.name, "--", "true", within=5)
    assert ended.code == 125
    assert "/no/such/folder/r.json" in one_line(ended)
    assert nobody.calls == 0
