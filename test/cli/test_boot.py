# SPDX-License-Identifier: Apache-2.0
"""vmc boot: 0 same boot, 10 rebooted, 3 cannot tell."""

import datetime
import re
import time

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
    assert vmc("boot", "record", *at.words).code == 0
    assert vmc("boot", "check", *at.words).code == 0


def narrow(text):
    assert all(len(line) <= 80 for line in text.splitlines()), text
    return text


def clue_for(story, what):
    return [clue["source"] for clue in story["evidence"] if clue["tells"] == what]


def seconds(stamp):
    return datetime.datetime.fromisoformat(stamp).timestamp()


def with_journal(own_host):
    """A host with systemd that keeps its journal."""
    at = own_host(init="systemd")
    kept = at.host.run(["sh", "-c", "mkdir -p /var/log/journal && journalctl --flush && sync"])
    assert kept.returncode == 0, kept
    return at


def test_a_reboot_that_nobody_counted_happened_at_least_once(vmc, own_host):
    at = own_host()
    assert vmc("boot", "record", *at.words).code == 0
    at.host.reboot()
    story = vmc("boot", "check", "--json", *at.words).json
    assert (story["schema"], story["boot_change"]) == (1, "reboot-at-least-once")
    assert (story["boots"], story["ended"], story["died_at"], story["down_ms"]) == (None, "unknown", None, None)
    assert clue_for(story, "returned_at") == ["uptime"]  # of its process 1: the uptime is the machine's
    assert abs(seconds(story["returned_at"]) - time.time()) < 30
    assert "rebooted: at least once; back " in " ".join(narrow(vmc("boot", "check", *at.words).out).split())


def test_an_orderly_reboot_is_told_with_its_times_and_where_they_come_from(vmc, own_host):
    at = with_journal(own_host)
    assert vmc("boot", "record", *at.words).code == 0
    recorded = time.time()
    at.host.reboot(orderly=True)
    ended = vmc("boot", "check", *at.words)
    assert ended.code == 10, ended
    told = " ".join(narrow(ended.out).split())
    assert re.search(r"rebooted: once, orderly, at \d\d:\d\d:\d\dZ; back \d\d:\d\d:\d\dZ \(down ", told), told
    assert "known from boot-id, uptime, journal" in told
    story = vmc("boot", "check", "--json", *at.words).json
    assert (story["boot_change"], story["boots"], story["ended"], story["cause"]) == ("reboot", 1, "orderly", None)
    assert recorded - 2 <= seconds(story["died_at"]) <= seconds(story["returned_at"]) <= time.time()
    assert story["down_ms"] >= 0
    assert clue_for(story, "ended") == ["journal"] and "journal" in clue_for(story, "boots")
    assert {"recorded", "now"} <= story.keys()


def test_a_user_who_may_not_read_the_journal_has_wtmp(vmc, own_host):
    at = with_journal(own_host)
    words = ("-i", at.key, f"tester@{at.address}:{at.port}")
    assert vmc("boot", "record", *words).code == 0
    at.host.reboot(orderly=True)
    story = vmc("boot", "check", "--json", *words).json
    assert (story["boot_change"], story["boots"], story["ended"]) == ("reboot", 1, "orderly"), story
    assert clue_for(story, "ended") == clue_for(story, "boots") == ["wtmp"]


def test_two_reboots_are_counted_and_a_power_cut_is_not_called_a_crash(vmc, own_host):
    at = with_journal(own_host)
    assert vmc("boot", "record", *at.words).code == 0
    at.host.run(["sync"])
    at.host.reboot()
    story = vmc("boot", "check", "--json", *at.words).json
    assert (story["boot_change"], story["boots"], story["ended"]) == ("reboot", 1, "unknown"), story
    assert any("without a shutdown" in clue["text"] for clue in story["evidence"] if clue["tells"] == "note")
    at.host.run(["sh", "-c", "journalctl --flush && sync"])
    at.host.reboot(orderly=True)
    story = vmc("boot", "check", "--json", *at.words).json
    assert (story["boot_change"], story["boots"], story["down_ms"]) == ("reboot-at-least-once", 2, None), story


def test_the_record_of_a_panic_is_a_crash_and_an_old_one_is_not(vmc, own_host):
    at = own_host()

    def keep(when):
        said = "<0>[   12.3] Kernel panic - not syncing: sysrq triggered crash"
        done = at.host.run(["sh", "-c", f"d=/var/lib/systemd/pstore/1; mkdir -p $d; echo '{said}' >$d/dmesg.txt; "
                                        f"touch -d @{when} $d/dmesg.txt; sync"])
        assert done.returncode == 0, done

    keep(int(time.time()) - 86400)
    assert vmc("boot", "record", *at.words).code == 0
    recorded_at = int(time.time())
    at.host.reboot()
    assert vmc("boot", "check", "--json", *at.words).json["boot_change"] == "reboot-at-least-once"
    keep(recorded_at + 2)
    story = vmc("boot", "check", "--json", *at.words).json
    assert (story["boot_change"], story["ended"]) == ("crash-reboot", "crash")
    assert story["cause"].endswith("Kernel panic - not syncing: sysrq triggered crash")
    assert clue_for(story, "cause") == ["pstore"]
    ended = vmc("boot", "check", *at.words)
    assert ended.code == 10 and "crashed and rebooted" in narrow(ended.out)


def test_the_same_boot_is_not_asked_for_its_story(vmc, own_host):
    at = own_host()
    assert vmc("boot", "record", *at.words).code == 0
    same = vmc("boot", "check", "--json", *at.words).json
    assert (same["boot_change"], same["boots"], same["ended"], same["evidence"]) == ("none", None, "unknown", [])


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
