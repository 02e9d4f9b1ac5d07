# SPDX-License-Identifier: Apache-2.0
"""vmc trust: a new key only when somebody says so, and only the expected one."""

import pytest

from conftest import At, one_line

pytestmark = pytest.mark.host


def test_a_reinstalled_host_is_reached_again_after_trust(vmc, own_host):
    at = own_host()
    assert vmc("exec", *at.words, "--", "true").code == 0
    at.host.new_host_keys()
    assert vmc("exec", *at.words, "--", "true").code == 255
    trusted = vmc("trust", *at.words)
    assert trusted.code == 0 and "SHA256:" in trusted.out
    assert vmc("exec", *at.words, "--", "true").code == 0
    # Nobody logs in to look at a key.
    assert at.host.log().count("Accepted publickey") == 2


def test_only_the_expected_key_is_trusted(vmc, own_host):
    at = own_host()
    assert vmc("exec", *at.words, "--", "true").code == 0
    at.host.new_host_keys()
    wrong = vmc("trust", *at.words, "--expect", "SHA256:" + "A" * 43)
    assert wrong.code == 255
    assert "nothing was changed" in one_line(wrong)
    assert vmc("exec", *at.words, "--", "true").code == 255
    shown = vmc("trust", *at.words).out.split()[-1]
    at.host.new_host_keys()
    assert vmc("trust", *at.words, "--expect", shown).code == 255
    now = At(at.host).host_key_fingerprint
    ended = vmc("trust", *at.words, "--expect", now)
    assert ended.code == 0, ended
    assert vmc("exec", *at.words, "--", "true").code == 0


def test_a_key_in_the_users_own_file_is_overruled_not_rewritten(vmc, own_host):
    at = own_host()
    mine = vmc.home / "known_hosts"
    mine.write_text(at.known_hosts)
    before = mine.read_bytes()
    option = ("-o", f"UserKnownHostsFile={mine}")
    assert vmc("exec", *option, *at.words, "--", "true").code == 0
    at.host.new_host_keys()
    assert vmc("exec", *option, *at.words, "--", "true").code == 255
    assert vmc("trust", *option, *at.words).code == 0
    assert vmc("exec", *option, *at.words, "--", "true").code == 0
    assert mine.read_bytes() == before


def test_strict_pinned_and_ephemeral_hosts(vmc, own_host):
    at = own_host()
    strict = vmc("exec", "--strict-host-key", *at.words, "--", "true")
    assert strict.code == 255 and "host-key: " in one_line(strict)
    pinned = vmc("exec", "--host-key", "SHA256:" + "A" * 43, *at.words, "--", "true")
    assert pinned.code == 255 and "host-key: " in one_line(pinned)
    assert vmc("exec", "--ephemeral", *at.words, "--", "true").code == 0
    at.host.new_host_keys()
    assert vmc("exec", "--ephemeral", *at.words, "--", "true").code == 0
    # None of them left a key behind.
    assert vmc("exec", "--strict-host-key", *at.words, "--", "true").code == 255


def test_the_advice_is_what_has_to_be_typed_and_a_hold_does_not_outlive_the_trust(vmc, own_host):
    at = own_host(port=2222)
    where = ("-p", "2222", "-i", at.key, f"root@{at.address}")
    assert vmc("exec", *where, "--", "true").code == 0
    at.host.new_host_keys()
    ends = [vmc("exec", *where, "--", "true") for _ in range(6)]
    assert {ended.code for ended in ends} == {255}
    advice = one_line(ends[0]).split("if you know why: ")[1]
    assert advice == f"vmc trust -p 2222 root@{at.address}"
    assert "has changed" in one_line(ends[5])  # also where it is not even tried any more
    assert vmc(*advice.split()[1:]).code == 0
    assert vmc("exec", *where, "--", "true").code == 0


def test_trust_answers_in_json(vmc, own_host):
    at = own_host()
    told = vmc("trust", "--json", *at.words).json
    assert (told["schema"], told["event"], told["host"]) == (1, "trusted", at.name) and "SHA256:" in told["key"]
