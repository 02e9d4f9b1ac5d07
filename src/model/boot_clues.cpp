// SPDX-License-Identifier: Apache-2.0
#include "model/boot_clues.hpp"

#include <algorithm>
#include <iterator>

#include "model/escape.hpp"
#include "model/key_values.hpp"

namespace vmc::model {
namespace {

constexpr std::size_t most = 64;
constexpr std::size_t most_beats = 2 * most;  // of two directories
constexpr std::size_t longest_text = 300;

// A journal that is readable only in part (a user sees his own lines) would miss whole boots: it is asked only where
// the system's own file may be read. `_PID=1` is the kernel's word on who wrote a line: no program can forge it.
constexpr std::string_view body = R"sh(
if command -v timeout >/dev/null; then bounded() { timeout 5 "$@"; }; else bounded() { "$@"; }; fi
v=
read -r v </proc/sys/kernel/random/boot_id && printf 'boot_id=%s\n' "$v"
printf 'clock=%s\n' "$(date +%s)"
v=
read -r v </etc/machine-id
if [ -r "/var/log/journal/$v/system.journal" ] && command -v journalctl >/dev/null; then
    ends='(System )?(Reboot|Power.Off|Halt|Shutdown)( via kexec)?\.$'  # before systemd 249
    ends="Reached target ((reboot|poweroff|halt|kexec|shutdown)\.target|$ends)"
    journal() { bounded journalctl -q --no-pager -o short-unix "$@"; }
    bounded journalctl -q --no-pager --list-boots | tail -n 64 | while read -r _ v _; do
        printf 'boot=%s\n' "$v"
    done
    printf 'last_line=%s\n' "$(journal -b "$before" -n 1 | head -n 1 | cut -c 1-300)"
    printf 'target=%s\n' "$(journal -b "$before" -n 400 _PID=1 |
        grep -E "$ends" | tail -n 1 | cut -c 1-300)"
    printf 'recovery=%s\n' "$(journal -b -k | head -n 4000 |
        grep -E 'EXT4-fs \(.*\): recovery complete|XFS \(.*\): Ending recovery' | head -n 1 | cut -c 1-300)"
fi
TZ=UTC0 bounded last -x -n 64 --time-format iso reboot shutdown | while read -r kind _ at _ when _; do
    case $kind in
        reboot | shutdown) printf 'wtmp=%s %s\n' "$kind" "$when" ;;
        wtmp) printf 'wtmp_begins=%s\n' "$at" ;;
    esac
done
set +f
for dir in /var/lib "${XDG_STATE_HOME:-$HOME/.local/state}"; do
    dir=$dir/vm-connection/jobs
    # The last to be written first: a job of that boot has written until it ended. No name in there has a blank.
    (cd "$dir" && ls -t -- */beat.[01] */attempts/*/beat.[01]) | head -n 64 | while read -r file; do
        grep -a " $boot " "$dir/$file" | tail -n 1 | cut -c 1-100
    done
done | while read -r _ id _ v; do
    printf 'beat=%s %s\n' "$id" "$v"
done
for file in /sys/fs/pstore/dmesg-* /var/lib/systemd/pstore/*/dmesg* /var/lib/systemd/pstore/*/*/dmesg* \
    /var/crash/*/*dmesg*; do
    [ -f "$file" ] || continue
    v=$(grep -a -h -m 1 'Kernel panic' "$file" | cut -c 1-300)
    case $file in /var/crash/*) kind=kdump ;; *) kind=pstore ;; esac
    [ -n "$v" ] && printf 'panic=%s %s %s\n' "$kind" "$(stat -c %Y "$file")" "$v"
done | tail -n 32
for file in /var/crash/*/vmcore* /var/crash/*/dump.*; do
    [ -f "$file" ] && printf 'panic=kdump %s \n' "$(stat -c %Y "$file")"
done | tail -n 32
set -f
)sh";

std::string foreign(std::string_view words) {
    std::string text = escape_for_terminal(words.substr(0, longest_text));
    if (text.size() <= longest_text) return text;
    text.resize(longest_text);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U) != 0) text.pop_back();  // cut in two?
    return text;
}

std::string_view next_word(std::string_view& rest) {
    const auto end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
}

/// "1795751772" or "1795751772.617989": seconds since 1970 and, it may be, microseconds.
std::optional<WallTime> unix_time(std::string_view text) {
    const auto dot = std::min(text.find('.'), text.size());
    const auto seconds = whole_number<std::uint32_t>(text.substr(0, dot));
    if (!seconds) return std::nullopt;
    const WallTime whole{std::chrono::seconds(*seconds)};
    if (dot == text.size()) return whole;
    const auto micros = whole_number<std::uint32_t>(text.substr(dot + 1));
    if (!micros || text.size() != dot + 7) return std::nullopt;
    return whole + std::chrono::milliseconds(*micros / 1000);
}

/// "2026-11-27T03:56:12+00:00", and no other zone: it was asked for in UTC.
std::optional<WallTime> iso_time(std::string_view text) {
    using namespace std::chrono;
    if (text.size() != 25 || text.substr(19) != "+00:00") return std::nullopt;
    for (const auto& [at, sign] : {std::pair(4, '-'), {7, '-'}, {10, 'T'}, {13, ':'}, {16, ':'}})
        if (text[static_cast<std::size_t>(at)] != sign) return std::nullopt;
    const auto part = [&](std::size_t from, std::size_t count) {
        return whole_number<std::uint32_t>(text.substr(from, count));
    };
    const auto y = part(0, 4), mo = part(5, 2), d = part(8, 2), h = part(11, 2), mi = part(14, 2), s = part(17, 2);
    if (!y || !mo || !d || !h || !mi || !s || *h > 23 || *mi > 59 || *s > 60) return std::nullopt;
    const year_month_day date{year(static_cast<int>(*y)), month(*mo), day(*d)};
    if (!date.ok()) return std::nullopt;
    return WallTime(sys_days(date)) + hours(*h) + minutes(*mi) + seconds(*s);
}

/// journalctl writes boot ids without dashes.
std::optional<BootId> bare_id(std::string_view text) {
    if (text.size() != 32) return std::nullopt;
    std::string dashed(text);
    for (const std::size_t at : {8U, 13U, 18U, 23U}) dashed.insert(at, 1, '-');
    return BootId::parse(dashed);
}

std::optional<Dated> dated(std::string_view line) {
    const auto at = unix_time(next_word(line));
    return at ? std::optional(Dated{*at, foreign(line)}) : std::nullopt;
}

void read_wtmp(BootClues& clues, std::string_view rest) {
    const auto kind = next_word(rest);
    const auto at = iso_time(rest);
    if (at && clues.wtmp.size() < most && (kind == "reboot" || kind == "shutdown"))
        clues.wtmp.push_back({std::string(kind), *at});
}

void read_beat(BootClues& clues, std::string_view rest) {
    const auto boot = BootId::parse(next_word(rest));
    const auto at = unix_time(rest);
    if (boot && at && clues.beats.size() < most_beats) clues.beats.push_back({*boot, *at});
}

void read_panic(BootClues& clues, std::string_view rest) {
    const auto source = next_word(rest);
    if (source != "pstore" && source != "kdump") return;
    if (auto said = dated(rest); said && clues.panics.size() < most)
        clues.panics.push_back({std::string(source), *said});
}

void read_line(BootClues& clues, std::string_view key, std::string_view value) {
    const auto once = [](auto& place, auto read) {
        if (!place) place = std::move(read);
    };
    if (key == "boot_id") once(clues.boot_id, BootId::parse(value));
    else if (key == "clock") once(clues.clock, unix_time(value));
    else if (key == "last_line") once(clues.last_line, dated(value));
    else if (key == "target") once(clues.target, dated(value));
    else if (key == "recovery") once(clues.recovery, dated(value));
    else if (key == "wtmp_begins") once(clues.wtmp_begins, iso_time(value));
    else if (key == "wtmp") read_wtmp(clues, value);
    else if (key == "panic") read_panic(clues, value);
    else if (key == "beat") read_beat(clues, value);
    else if (auto id = bare_id(value); key == "boot" && id && clues.boots.size() < most) clues.boots.push_back(*id);
}

}  // namespace

std::string boot_clues_script(std::string_view nonce, const BootId& before) {
    std::string bare;
    std::ranges::remove_copy(before.text(), std::back_inserter(bare), '-');
    return framed("before=" + bare + "\nboot=" + before.text() + std::string(body), nonce);
}

Result<BootClues> parse_boot_clues(std::string_view printed, std::string_view nonce) {
    const auto answer = answer_of(printed, nonce);
    if (!answer) return std::unexpected(answer.error());
    BootClues clues;
    std::string_view rest = *answer;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (const auto equals = line.find('='); equals != line.npos)
            read_line(clues, line.substr(0, equals), line.substr(equals + 1));
    }
    if (clues.target) {
        // Before it stands the host's name, which may be any word.
        const auto said = clues.target->text.find("systemd[1]: Reached target ");
        if (said == std::string::npos) clues.target.reset();
        else clues.target->text.erase(0, said);
    }
    return clues;
}

}  // namespace vmc::model
