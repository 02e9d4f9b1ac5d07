// SPDX-License-Identifier: Apache-2.0
#include "model/system_report.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/span.hpp"
#include "model/escape.hpp"
#include "model/key_values.hpp"

namespace vmc::model {
namespace {

using Number = std::optional<double>;

/// Digits with at most one dot: what /proc writes.
Number decimal(std::string_view text) {
    const auto dot = std::min(text.find('.'), text.size());
    const auto whole = whole_number<std::uint64_t>(text.substr(0, dot));
    if (!whole) return std::nullopt;
    if (dot == text.size()) return static_cast<double>(*whole);
    const std::string_view digits = text.substr(dot + 1);
    const auto part = whole_number<std::uint32_t>(digits);
    if (!part || digits.size() > 9) return std::nullopt;
    return static_cast<double>(*whole) + static_cast<double>(*part) / std::pow(10.0, digits.size());
}

std::string_view word(std::string_view text, std::size_t number) {
    for (; number > 0; --number) {
        const auto blank = text.find(' ');
        if (blank == std::string_view::npos) return {};
        text.remove_prefix(blank + 1);
    }
    return text.substr(0, text.find(' '));
}

/// "0-3,8" is 5.
Number processors(std::string_view list) {
    double count = 0;
    while (!list.empty()) {
        const std::string_view range = list.substr(0, list.find(','));
        list.remove_prefix(std::min(range.size() + 1, list.size()));
        const auto dash = std::min(range.find('-'), range.size());
        const auto first = whole_number<std::uint32_t>(range.substr(0, dash));
        const auto last = dash == range.size() ? first : whole_number<std::uint32_t>(range.substr(dash + 1));
        if (!first || !last || *last < *first) return std::nullopt;
        count += *last - *first + 1;
    }
    return count > 0 ? Number(count) : std::nullopt;
}

/// 3 digits are enough for people.
std::string shown(double value) {
    if (value >= 100) return std::to_string(std::llround(value));
    const long long tenths = std::llround(value * 10);
    const std::string whole = std::to_string(tenths / 10);
    return tenths % 10 != 0 ? whole + "." + std::to_string(tenths % 10) : whole;
}

std::string size_of(double kib) {
    if (kib >= 1024 * 1024) return shown(kib / 1024 / 1024) + " GiB";
    return kib >= 1024 ? shown(kib / 1024) + " MiB" : shown(kib) + " KiB";
}

/// The answers of one VM, and the checks over them.
class Report {
public:
    Report(std::string_view answer, AskedBetween times) : values_(key_values(answer)), times_(times) {}

    std::vector<Evidence> evidence() {
        uptime();
        left("disk-space", "space", 50.0 * 1024, true);
        left("disk-inodes", "inodes", 0, false);
        root();
        memory();
        pressure("pressure-memory", "psi_memory", 20);
        pressure("pressure-io", "psi_io", 60);
        load();
        processes();
        taint();
        kernel_log();
        failed_units();
        clock();
        reboot();
        write();
        return std::move(evidence_);
    }

private:
    [[nodiscard]] std::string_view text(std::string_view key) const {
        const auto found = values_.find(key);
        return found == values_.end() ? std::string_view{} : found->second;
    }
    [[nodiscard]] Number number(std::string_view key, std::size_t which = 0) const {
        return decimal(word(text(key), which));
    }

    void unknown(std::string check, std::string why = "not told") {
        add(std::move(check), Answer::unknown, std::move(why));
    }
    void judged(std::string check, bool bad, std::string detail) {
        add(std::move(check), bad ? Answer::fails : Answer::works, std::move(detail));
    }
    void add(std::string check, Answer answer, std::string detail) {
        const Layer layer = check == "disk-write" ? Layer::storage : Layer::system;
        evidence_.push_back({layer, std::move(check), answer, std::move(detail), {}});
    }

    void uptime() {
        const Number seconds = number("uptime");
        if (!seconds || *seconds > 1e9) return unknown("uptime");
        judged("uptime", false, "up " + spoken(std::chrono::seconds(static_cast<std::int64_t>(*seconds))));
    }

    /// The worse of / and the state directory's file system.
    void left(const std::string& check, const std::string& what, double least, bool kib) {
        std::optional<double> worst;
        std::string detail;
        bool bad = false;
        for (const std::string_view where : {"root", "state"}) {
            std::string key = what;
            key.append("_").append(where);
            const Number all = number(key, 0), free = number(key, 1);
            if (!all || !free || *all <= 0) continue;
            const double share = *free / *all;
            bad = bad || share < 0.01 || *free < least;
            if (worst && *worst <= share) continue;
            worst = share;
            detail = (kib ? size_of(*free) : shown(*free)) + " of " + (kib ? size_of(*all) : shown(*all)) + " left " +
                     (where == "root" ? "on /" : "for the state directory");
        }
        if (!worst) return unknown(check);
        judged(check, bad, detail);
    }

    void root() {
        const std::string_view type = word(text("root"), 0), options = word(text("root"), 1);
        if (options.empty()) return unknown("root-writable");
        constexpr std::string_view writable[] = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs"};
        const bool read_only = options == "ro" || options.starts_with("ro,");
        const bool meant = std::ranges::find(writable, type) == std::end(writable);
        judged("root-writable", read_only && !meant,
               escape_for_terminal(type) + (read_only ? ", read-only" : ", writable"));
    }

    void memory() {
        const Number all = number("MemTotal"), available = number("MemAvailable");
        const double swap = number("SwapTotal").value_or(0), swap_free = number("SwapFree").value_or(0);
        if (!all || !available || *all <= 0) return unknown("memory");
        judged("memory", *available < 0.03 * *all && swap_free <= 0.10 * swap,
               size_of(*available) + " of " + size_of(*all) + " available");
    }

    void pressure(const std::string& check, std::string_view key, double limit) {
        const Number percent = number(key);
        if (!percent) return unknown(check, "this kernel has no pressure stall information");
        judged(check, *percent >= limit, shown(*percent) + " % of the last 10 s");
    }

    void load() {
        const Number one = number("load"), cpus = processors(text("cpus"));
        if (!one) return unknown("load");
        judged("load", *one > 8 * cpus.value_or(1), shown(*one) + " on " + (cpus ? shown(*cpus) : "?") + " processors");
    }

    void processes() {
        const Number all = number("processes"), blocked = number("blocked"), zombies = number("zombies");
        if (!all || !blocked || !zombies) return unknown("processes");
        judged("processes", *blocked >= 10 || *zombies >= 100,
               shown(*all) + ", " + shown(*blocked) + " blocked, " + shown(*zombies) + " zombies");
    }

    void taint() {
        const auto bits = whole_number<std::uint64_t>(text("taint"));
        if (!bits) return unknown("kernel-taint");
        constexpr std::uint64_t machine_check = 1U << 4, died = 1U << 7;
        judged("kernel-taint", (*bits & (machine_check | died)) != 0, "tainted: " + std::to_string(*bits));
    }

    void kernel_log() {
        if (!values_.contains("klog")) return unknown("kernel-log", "not allowed to read it (needs root)");
        const std::string_view line = text("klog");
        if (line.empty()) return judged("kernel-log", false, "nothing alarming");
        // "[ 1234.567890] …": seconds since boot.
        const auto bracket = line.find(']');
        const auto digit = line.find_first_of("0123456789");
        const Number when = bracket == std::string_view::npos || digit > bracket
                                ? std::nullopt
                                : decimal(line.substr(digit, bracket - digit));
        const Number now = number("uptime");
        judged("kernel-log", !when || !now || *now - *when < 3600, escape_for_terminal(line));
    }

    void failed_units() {
        const Number count = number("failed_units");
        if (!count) return unknown("failed-units", "no systemd, or it did not answer");
        const std::string name = escape_for_terminal(text("failed_unit").substr(0, 100));
        judged("failed-units", *count > 0, *count > 0 ? shown(*count) + ", first " + name : "none");
    }

    void clock() {
        using namespace std::chrono;
        const auto theirs = whole_number<std::uint32_t>(text("clock"));
        if (!theirs) return unknown("clock");
        const sys_seconds at{seconds(*theirs)};
        const auto early = floor<seconds>(times_.sent) - at, late = at - ceil<seconds>(times_.answered);
        const seconds off = std::max({early, late, seconds(0)});
        judged("clock", off > 60s,
               off == 0s ? "agrees with ours" : spoken(off) + (early > 0s ? " behind" : " ahead of") + " ours");
    }

    void reboot() {
        const std::string_view pending = text("reboot");
        if (pending != "yes" && pending != "no") return unknown("reboot-pending");
        judged("reboot-pending", false, pending == "yes" ? "a reboot is pending" : "none");
    }

    void write() {
        const std::string_view written = text("write");
        if (written == "stuck") return judged("disk-write", true, "4 KiB and fsync not done after 5 s");
        if (written == "failed") return judged("disk-write", true, "cannot write 4 KiB");
        const auto centiseconds = whole_number<std::uint32_t>(written);
        if (!centiseconds) return unknown("disk-write");
        const auto took = std::chrono::milliseconds(10) * std::int64_t{*centiseconds};
        judged("disk-write", took >= std::chrono::seconds(5), "4 KiB and fsync in about " + spoken(took));
        evidence_.back().took = took;
    }

    std::map<std::string_view, std::string_view> values_;
    AskedBetween times_;
    std::vector<Evidence> evidence_;
};

}  // namespace

Result<std::vector<Evidence>> parse_system(std::string_view printed, std::string_view nonce, AskedBetween times) {
    const auto answer = answer_of(printed, nonce);
    if (!answer) return std::unexpected(answer.error());
    return Report(*answer, times).evidence();
}

}  // namespace vmc::model
