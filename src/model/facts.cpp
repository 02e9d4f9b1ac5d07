// SPDX-License-Identifier: Apache-2.0
#include "model/facts.hpp"

#include <algorithm>

#include "model/key_values.hpp"

namespace vmc::model {
namespace {

// Below 1 KiB in all, or libssh keeps two buffers of 2 KiB for each session that it went through.
// /proc/PID/stat: the name in parentheses may hold anything, so everything up to the last ") " is
// cut (unquoted: split into fields; globbing is off); what was field 22 is then number 20.
constexpr std::string_view facts_body = R"sh(
g() { v=; read -r v rest <"$2" && printf '%s=%s\n' "$1" "$v"; }
p() {
v=; read -r v <"/proc/$1/stat" || return; f=$2
set -- ${v##*) }
printf "$f=%s\n" "${20}"
}
g boot_id /proc/sys/kernel/random/boot_id
g uptime /proc/uptime
g machine_id /etc/machine-id
g product_uuid /sys/class/dmi/id/product_uuid
while read -r f v; do [ "$f" = btime ] && printf 'btime=%s\n' "$v" && break; done </proc/stat
printf 'ssh_connection=%s\n' "$SSH_CONNECTION"
p 1 pid1
p "$PPID" "sshd_pid=$PPID\nsshd_start"
[ -d /run/systemd/system ] && v=$(timeout 2 systemctl show -p SoftRebootsCount --value) &&
printf 'soft_reboots=%s\n' "$v"
)sh";

bool all_of(std::string_view text, std::string_view allowed) {
    return std::ranges::all_of(text, [&](char c) { return allowed.find(c) != std::string_view::npos; });
}

constexpr std::string_view hex_digits = "0123456789abcdefABCDEF";

/// "12345.67", seconds with two decimals; zero when it is anything else.
Duration uptime_of(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos || text.size() != dot + 3) return {};
    const auto seconds = whole_number<std::uint32_t>(text.substr(0, dot));
    const auto hundredths = whole_number<std::uint32_t>(text.substr(dot + 1));
    if (!seconds || !hundredths) return {};
    return std::chrono::seconds(*seconds) + std::chrono::milliseconds(10 * *hundredths);
}

std::string machine_id_of(std::string_view text) {
    return text.size() == 32 && all_of(text, hex_digits) ? std::string(text) : "";
}
std::string product_uuid_of(std::string_view text) {
    return text.size() == 36 && all_of(text, "0123456789abcdefABCDEF-") ? std::string(text) : "";
}
std::string ssh_connection_of(std::string_view text) {
    const bool four = std::ranges::count(text, ' ') == 3;
    return four && text.size() < 200 && all_of(text, "0123456789abcdefABCDEF.: %_-abcdefghijklmnopqrstuvwxyz")
               ? std::string(text)
               : "";
}

std::string incarnation_of(std::string_view pid1, std::string_view soft_reboots) {
    std::string text;
    if (whole_number<std::uint64_t>(pid1)) text += "pid1=" + std::string(pid1);
    if (whole_number<std::uint64_t>(soft_reboots))
        text += (text.empty() ? "soft-reboots=" : ",soft-reboots=") + std::string(soft_reboots);
    return text;
}

}  // namespace

BootRecord Facts::record(WallTime read_at, Instant read_on, Duration took) const {
    return BootRecord{boot_id, incarnation, identity, uptime, read_at, read_on, took, booted_at};
}

std::string facts_script(std::string_view nonce) { return framed(facts_body, nonce); }

Result<Facts> parse_facts(std::string_view printed, std::string_view nonce) {
    const auto answer = answer_of(printed, nonce);
    if (!answer) return std::unexpected(answer.error());
    const auto values = key_values(*answer);
    const auto value = [&](std::string_view key) {
        const auto found = values.find(key);
        return found == values.end() ? std::string_view{} : found->second;
    };
    const auto boot_id = BootId::parse(value("boot_id"));
    if (!boot_id) return failed(Code::protocol, Stage::command, "the VM shows no boot id (is /proc mounted?)");
    Facts facts(*boot_id);
    facts.incarnation = incarnation_of(value("pid1"), value("soft_reboots"));
    facts.identity.machine_id = machine_id_of(value("machine_id"));
    facts.identity.product_uuid = product_uuid_of(value("product_uuid"));
    facts.uptime = uptime_of(value("uptime"));
    facts.ssh_connection = ssh_connection_of(value("ssh_connection"));
    const auto btime = whole_number<std::uint32_t>(value("btime"));
    facts.booted_at = WallTime(std::chrono::seconds(btime.value_or(0)));
    const auto pid = whole_number<std::int64_t>(value("sshd_pid"));
    const auto start = whole_number<std::uint64_t>(value("sshd_start"));
    if (pid && start && *pid > 1) {
        facts.sshd_pid = *pid;
        facts.sshd_start = *start;
    }
    return facts;
}

}  // namespace vmc::model
