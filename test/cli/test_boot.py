# SPDX-License-Identifier: Apache-2.0
"""vmc boot: 0 same boot, 10 rebooted, 3 cannot tell."""

import re

import pytest

from conftest import one_line

pytestmark = pytest.mark.host
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def test_show_prints_the_boot_id_of_the_kernel(vmc, at):
    boot_id = at.host.run(["cat", "/proc/sys/kernel/random/boot_id"]).stdout.strip()
    assert boot_id in vmc("boot", "show", *at.words).out
    shown = vmc("boot", "show", "--json", *at.words).json
    assert (shown["schema"], shown["boot_id"]) == (1, boot_id)
    assert shown["host_key"] == at.host_key_fingerprint or shown["host_key"].startswith("SHA256:")


def test_the_same_boot_is_0_and_a_reboot_is_10_with_both_ids(vmc, own_host):
    at = own_host()
    assert vmc("boot", "record", *at.words).code == 0
    same = vmc("boot", "check", *at.words)
    assert same.code == 0 and "same boot" in same.out
    at.host.reboot()
    changed = vmc("boot", "check", *at.words)
    assert changed.code == 10, changed
    assert len(set(UUID.findall(changed.out))) == 2
    assert vmc("boot", "check", "--json", *at.words).json["boot_change"] == "reboot"
    assert vmc("boot", "record", *at.words).code == 0
    assert vmc("boot", "check", *at.words).code == 0


def test_without_a_record_it_cannot_tell(vmc, at):
    ended = vmc("boot", "check", *at.words)
    assert ended.code == 3
    assert "boot record" in one_line(ended)


def test_a_host_that_is_not_reached_may_or_may_not_have_rebooted(vmc, own_host):
    at = own_host()
    assert vmc("boot", "record", *at.words).code == 0
    at.host.sshd("stop")
    ended = vmc("boot", "check", *at.words)
    assert ended.code == 3, ended
    assert "refused" in one_line(ended)
    assert vmc("boot", "show", *at.words).code == 255


def test_a_broken_record_is_no_record(vmc, at):
    assert vmc("boot", "record", *at.words).code == 0
    record, = (vmc.home / "state" / "vm-connection" / "boots").iterdir()
    record.write_text("boot_id=Welcome to Debian\n")
    assert vmc("boot", "check", *at.words).code == 3
