// SPDX-License-Identifier: Apache-2.0
// Stories: what we read, what the VM says, and what may be claimed of it.
#include <doctest/doctest.h>

#include "unit/model/boot_stories.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace vmc::stories;
using namespace std::chrono_literals;

TEST_CASE("one orderly reboot is told with both its times and where they come from") {
    const auto story = told(orderly());
    CHECK(story.change == BootChange::reboot);
    CHECK(story.boots == 1);
    CHECK(story.ended == BootEnding::orderly);
    CHECK(*story.died_at == noon + 7500ms);
    CHECK(*story.returned_at == noon + 41s);
    CHECK(*story.down == 33500ms);
    CHECK(story.line() == "rebooted: once, orderly, at 12:00:07Z; back 12:00:41Z (down 33 s)");
    CHECK(story.sources() == std::vector<std::string>{"boot-id", "uptime", "journal"});
}

TEST_CASE("wtmp alone tells an orderly reboot, and its time") {
    auto told_by = clues();
    told_by.wtmp_begins = noon - 24h;
    told_by.wtmp = {{"reboot", noon + 41s}, {"shutdown", noon + 7s}, {"reboot", noon - 500s}};
    const auto story = told(told_by);
    CHECK(story.change == BootChange::reboot);
    CHECK(story.ended == BootEnding::orderly);
    CHECK(*story.died_at == noon + 7s);
    CHECK(tells(story, "boots", "wtmp"));
    CHECK(tells(story, "ended", "wtmp"));
}

TEST_CASE("a boot that was read in its first second is not taken for the one after") {
    auto told_by = clues();
    told_by.wtmp_begins = noon - 24h;
    told_by.wtmp = {{"reboot", noon + 41s}, {"shutdown", noon}, {"reboot", noon}};
    auto before = was();
    before.read_at += 900ms;  // wtmp has whole seconds, rounded down
    for (const auto up : {Duration(300ms), Duration(0)}) {
        before.uptime = up;
        const auto story = boot_story(before, is(), told_by, then);
        CHECK(story.boots == 1);
        CHECK(story.ended == BootEnding::orderly);
    }
}

TEST_CASE("a reboot in the second of the reading counts where the boot that was read has its record before") {
    auto told_by = clues();
    told_by.wtmp_begins = noon - 24h;
    told_by.wtmp = {{"reboot", noon}, {"shutdown", noon}, {"reboot", noon - 500s}};
    auto before = was();
    before.read_at += 200ms;
    const auto story = boot_story(before, is(), told_by, then);
    CHECK(story.boots == 1);
    CHECK(story.ended == BootEnding::orderly);
}

TEST_CASE("a crash that was put away when the recorded boot began is no cause of its end") {
    auto told_by = with_journal({'1', '2'});
    told_by.panics = {{"pstore", at(-1s, "Kernel panic - not syncing: sysrq triggered crash")}};
    auto before = was();
    for (const auto& [up, crashed] : {std::pair(Duration(4s), false), {Duration(500s), true}}) {
        before.uptime = up;
        CAPTURE(crashed);
        CHECK((boot_story(before, is(), told_by, then).ended == BootEnding::crash) == crashed);
    }
}

TEST_CASE("what cannot be counted happened at least once, and how it ended is unknown") {
    for (const auto& story : {told(clues()), boot_story(was(), is())}) {
        CHECK(story.change == BootChange::reboot_at_least_once);
        CHECK_FALSE(story.boots);
        CHECK(story.ended == BootEnding::unknown);
        CHECK_FALSE(story.died_at);
        CHECK_FALSE(story.down);
        CHECK(story.line() == "rebooted: at least once; back 12:00:41Z");
    }
}

TEST_CASE("two reboots are not called one, and the time between them is no downtime") {
    auto twice = orderly();
    twice.boots = {id('1'), id('3'), id('2')};
    const auto story = told(twice);
    CHECK(story.change == BootChange::reboot_at_least_once);
    CHECK(story.boots == 2);
    CHECK(story.ended == BootEnding::orderly);
    CHECK_FALSE(story.down);
    CHECK(story.line().starts_with("rebooted: 2 times at least, orderly"));
}

TEST_CASE("the record that has more boots is believed: one that was cut off left less behind") {
    auto told_by = orderly();
    told_by.wtmp_begins = noon - 24h;
    told_by.wtmp = {{"reboot", noon + 41s}, {"reboot", noon + 20s}, {"shutdown", noon + 7s}};
    CHECK(told(told_by).boots == 2);
    told_by.wtmp.erase(told_by.wtmp.begin() + 1);
    told_by.boots = {id('1'), id('3'), id('2')};
    CHECK(told(told_by).boots == 2);
}

TEST_CASE("a journal or wtmp that does not reach back counts nothing") {
    auto told_by = with_journal({'3', '2'});
    told_by.wtmp_begins = noon + 1s;
    told_by.wtmp = {{"reboot", noon + 41s}};
    CHECK_FALSE(told(told_by).boots);
    told_by.wtmp_begins = noon - 24h;
    CHECK(told(told_by).boots == 1);
    told_by.wtmp.assign(64, {"reboot", noon + 41s});  // as many as were asked for: there may be more
    CHECK_FALSE(told(told_by).boots);
}

TEST_CASE("the first thing in wtmp after the reading says how that boot ended, a later shutdown does not") {
    auto told_by = clues();
    told_by.wtmp_begins = noon - 24h;
    told_by.wtmp = {{"reboot", noon + 41s}, {"shutdown", noon + 30s}, {"reboot", noon + 20s}};
    const auto story = told(told_by);
    CHECK(story.boots == 2);
    CHECK(story.ended == BootEnding::unknown);
    CHECK_FALSE(story.died_at);
}

TEST_CASE("a panic that was kept is a crash, with the kernel's own words") {
    auto told_by = with_journal({'1', '2'});
    told_by.last_line = at(5s);
    told_by.panics = {{"kdump", at(8s)}, {"pstore", at(7s, "Kernel panic - not syncing: sysrq triggered crash")}};
    const auto story = told(told_by);
    CHECK(story.change == BootChange::crash_reboot);
    CHECK(story.ended == BootEnding::crash);
    CHECK(story.cause == "Kernel panic - not syncing: sysrq triggered crash");
    CHECK(*story.died_at == noon + 7s);
    CHECK(tells(story, "cause", "pstore"));
    CHECK(story.line() == "crashed and rebooted: once, at 12:00:07Z; back 12:00:41Z (down 34 s)");
}

TEST_CASE("a panic of last week, or of a boot after an orderly end, is not how this boot ended") {
    auto told_by = orderly();
    told_by.panics = {{"pstore", at(-7 * 24h, "Kernel panic - not syncing: old")}};
    CHECK(told(told_by).change == BootChange::reboot);
    CHECK(told(told_by).cause.empty());
    told_by.boots = {id('1'), id('3'), id('2')};
    told_by.panics = {{"pstore", at(30s, "Kernel panic - not syncing: later")}};
    const auto story = told(told_by);
    CHECK(story.change == BootChange::crash_reboot);
    CHECK(story.ended == BootEnding::orderly);
    CHECK(*story.died_at == noon + 7500ms);
}

TEST_CASE("the date of a file that was moved after the boot is no time of death") {
    auto told_by = with_journal({'1', '2'});
    told_by.panics = {{"pstore", at(45s, "Kernel panic - not syncing: moved")}};
    const auto story = told(told_by);
    CHECK(story.ended == BootEnding::crash);
    CHECK_FALSE(story.died_at);
}

TEST_CASE("kexec is told by the target that was reached, not by the name of the host") {
    auto told_by = orderly();
    told_by.target->text = "systemd[1]: Reached target kexec.target - Reboot via kexec.";
    CHECK(told(told_by).change == BootChange::kexec);
    CHECK(told(told_by).ended == BootEnding::orderly);
    told_by.boots = {id('1'), id('3'), id('2')};
    CHECK(told(told_by).change == BootChange::reboot_at_least_once);
}

TEST_CASE("a journal that just stops proves no crash; a file system that had to be recovered proves no shutdown") {
    auto told_by = with_journal({'1', '2'});
    told_by.last_line = at(5s);
    auto story = told(told_by);
    CHECK(story.change == BootChange::reboot);
    CHECK(story.ended == BootEnding::unknown);
    CHECK(story.line() == "rebooted: once, last alive 12:00:05Z; back 12:00:41Z (down at most 36 s)");
    told_by.recovery = at(42s, "h1 kernel: EXT4-fs (vda1): recovery complete");
    story = told(told_by);
    CHECK(story.ended == BootEnding::unclean);
    CHECK(story.change == BootChange::reboot);
    told_by.recovery = at(42s + 20min, "h1 kernel: EXT4-fs (vdb1): recovery complete");  // a disk mounted later
    CHECK(told(told_by).ended == BootEnding::unknown);
}

TEST_CASE("a heartbeat is a sign of life, and the last sign of life counts") {
    auto told_by = with_journal({'1', '2'});
    told_by.last_line = at(5s);
    CHECK(*boot_story(was(), is(), told_by, then, noon + 9s).died_at == noon + 9s);
    CHECK(tells(boot_story(was(), is(), told_by, then, noon + 9s), "died_at", "heartbeat"));
    CHECK(*boot_story(was(), is(), told_by, then, noon + 3s).died_at == noon + 5s);
    CHECK(*boot_story(was(), is(), told_by, then, noon + 50s).died_at == noon + 5s);  // of the boot after it
}

TEST_CASE("what the VM still has of its jobs' heartbeats tells when it died, and one of another boot does not") {
    auto told_by = with_journal({'1', '2'});
    told_by.last_line = at(5s);
    told_by.beats = {{was().boot_id, noon + 7s}, {was().boot_id, noon + 11s}, {is().boot_id, noon + 20s}};
    CHECK(*told(told_by).died_at == noon + 11s);
    CHECK(tells(told(told_by), "died_at", "heartbeat"));
    CHECK(*boot_story(was(), is(), told_by, then, noon + 15s).died_at == noon + 15s);
    told_by.beats = {{was().boot_id, noon + 50s}, {was().boot_id, noon - 1h}};  // after its return; before it was read
    CHECK(*told(told_by).died_at == noon + 5s);
}

TEST_CASE("a VM whose clock is an hour off tells the same times, by our clock") {
    auto told_by = orderly();
    *told_by.clock += 1h;
    told_by.target->at += 1h;
    told_by.last_line->at += 1h;
    const auto story = told(told_by);
    CHECK(std::chrono::abs(*story.died_at - (noon + 7500ms)) <= 1s);
    CHECK(*story.returned_at == noon + 41s);
    CHECK(tells(story, "note", "clock"));
}

TEST_CASE("in a container the uptime is another's, and process 1 tells when it began") {
    BootRecord now = is();
    now.uptime = 5000s;
    now.incarnation = "pid1=498100,soft-reboots=0";
    CHECK(*boot_story(was(), now).returned_at == noon + 41s);
    now.incarnation = "pid1=17";
    CHECK_FALSE(boot_story(was(), now).returned_at);
}

TEST_CASE("an answer of another boot is no word on this one; that of the recorded boot makes it ambiguous") {
    auto told_by = orderly();
    told_by.boot_id = id('3');
    auto story = told(told_by);
    CHECK(story.change == BootChange::reboot_at_least_once);
    CHECK(story.ended == BootEnding::unknown);
    told_by.boot_id = id('1');
    story = told(told_by);
    CHECK(story.change == BootChange::ambiguous);
    CHECK_FALSE(story.returned_at);
    CHECK(story.line() == "cannot tell whether it is the same machine");
    told_by.boot_id.reset();
    story = told(told_by);
    CHECK(story.change == BootChange::reboot_at_least_once);
    CHECK(story.evidence.back().text == "what it tells of its boots does not say which one it is in");
}

TEST_CASE("a new machine-id after a reboot is a note where the hardware or the journal proves the machine") {
    BootRecord before = was(), now = is();
    now.identity.machine_id = "machine2";
    auto story = boot_story(before, now, orderly(), then);
    CHECK(story.change == BootChange::reboot);
    CHECK(tells(story, "change", "journal"));
    CHECK(tells(story, "note", "identity"));
    story = boot_story(before, now, with_journal({'7', '2'}), then);
    CHECK(story.change == BootChange::ambiguous);
    CHECK_FALSE(story.boots);
    before.identity.product_uuid = now.identity.product_uuid = "uuid";
    story = boot_story(before, now);
    CHECK(story.change == BootChange::reboot_at_least_once);
    CHECK(tells(story, "note", "identity"));
}

TEST_CASE("without a change of boot nothing of it is claimed") {
    BootRecord now = is('1');
    CHECK(boot_story(was(), now).change == BootChange::none);
    CHECK(boot_story(was(), now).evidence.empty());
    CHECK(boot_story(was(), now).line() == "same boot");
    now.booted_at += 1h;
    CHECK(boot_story(was(), now).change == BootChange::none);
    CHECK(boot_story(was(), now).evidence.at(0) == BootClue{"note", "clock", "its clock was set 1 h forward"});
    now = is('1');
    now.uptime = 510s;
    CHECK(boot_story(was(), now).line() == "same boot; its time stood still for 49 s");
    now.uptime = 100s;
    CHECK(boot_story(was(), now).change == BootChange::snapshot_revert);
    auto told_by = orderly();
    told_by.boot_id = id('1');
    CHECK(boot_story(was(), now, told_by, then).ended == BootEnding::unknown);
}

TEST_CASE("a boot that comes back after another is ambiguous: two machines, or one that is put back") {
    BootsSeen seen;
    CHECK(seen.see(was()) == BootChange::unknown);
    CHECK(seen.see(is('2')) == BootChange::reboot);
    CHECK(seen.see(is('3')) == BootChange::reboot);
    CHECK(seen.see(was()) == BootChange::ambiguous);
    CHECK(seen.see(was()) == BootChange::none);
    CHECK(seen.see(is('3')) == BootChange::ambiguous);
    CHECK(seen.see(is('4')) == BootChange::reboot);
}
