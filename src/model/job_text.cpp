// SPDX-License-Identifier: Apache-2.0
#include "model/job_text.hpp"

#include <algorithm>

#include "model/job_script.hpp"
#include "model/quote.hpp"
#include "model/sha1.hpp"

namespace vmc::model {

namespace {

constexpr std::size_t longest_name = 64;
constexpr std::string_view hex = "0123456789abcdef";

std::string_view slug(OnReboot what) {
    switch (what) {
        case OnReboot::fail: break;
        case OnReboot::rerun: return "rerun";
        case OnReboot::resume: return "resume";
    }
    return "fail";
}

}  // namespace

std::string job_line(const Command& command) {
    if (command.words().empty()) return command.line();
    std::string line;
    for (const auto& word : command.words()) line += quote(word) + " ";
    line.pop_back();
    return line;
}

std::string as_value(std::string_view text) {
    std::string value;
    for (const char c : text) {
        if (c == '\n') value += "\\n";
        else if (c == '\\') value += "\\\\";
        else value += c;
    }
    return value;
}

std::string from_value(std::string_view value) {
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const bool escaped = value[i] == '\\' && i + 1 < value.size();
        const char c = escaped ? value[++i] : value[i];
        text += escaped && c == 'n' ? '\n' : c;
    }
    return text;
}

std::string JobOrder::digest() const {
    const Command& command = request.command();
    std::string all = id + '\0' + request.name() + '\0' + job_line(command) + '\0' + command.cwd() + '\0';
    for (const auto& [name, value] : command.env()) all += name + '=' + value + '\0';
    all += command.sudo() ? "sudo" : "";
    all += '\0' + std::to_string(command.limit().value_or(Duration{}).count()) + '\0' + request.cleanup() + '\0';
    all += std::to_string(request.max_output()) + '\0' + std::string(slug(request.on_reboot())) + '\0';
    all += std::to_string(request.max_reboots()) + '\0' + std::to_string(request.grace().count()) + '\0';
    all += request.revert() + '\0' + std::to_string(request.confirm_within().count()) + '\0';
    all += std::to_string(command.input().size()) + '\0' + command.input();
    std::string text;
    for (const auto byte : sha1(all)) {
        text += hex[byte >> 4U];
        text += hex[byte & 15U];
    }
    return text;
}

std::string JobOrder::record(std::string_view boot_id) const {
    const Command& command = request.command();
    std::string text = "schema=1\ndigest=" + digest() + "\n";
    text += "name=" + request.name() + "\ncommand=" + as_value(job_line(command)) + "\n";
    text += "boot=" + std::string(boot_id) + "\ncwd=" + as_value(command.cwd()) + "\nenv=";
    for (const auto& [name, value] : command.env()) text += name + " ";
    text += "\nsudo=" + std::string(command.sudo() ? "yes" : "no");
    text += "\nlimit_ns=" + std::to_string(command.limit().value_or(Duration{}).count());
    text += "\nmax_output=" + std::to_string(request.max_output());
    text += "\non_reboot=" + std::string(slug(request.on_reboot()));
    text += "\nmax_reboots=" + std::to_string(request.max_reboots());
    text += "\nrevert=" + as_value(request.revert());
    text += "\nconfirm_within_ns=" + std::to_string(request.confirm_within().count());
    text += "\ncleanup=" + as_value(request.cleanup());
    return text + "\nversion=" VMC_VERSION "\n";
}

bool is_job_id(std::string_view text) noexcept {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : hex.find(text[i]) == std::string_view::npos) return false;
    }
    return true;
}

std::string job_id(std::uint64_t one, std::uint64_t two) {
    const auto digits = nonce((one & ~0xf000ULL) | 0x4000ULL) + nonce((two & ~(3ULL << 62U)) | (2ULL << 62U));
    return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" + digits.substr(16, 4) +
           "-" + digits.substr(20);
}

bool is_job_name(std::string_view text) noexcept {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    return !text.empty() && text.size() <= longest_name && text.front() != '-' && text.front() != '.' &&
           std::ranges::all_of(text, good);
}

std::string fault_of(const JobRequest& request) {
    if (const auto line = wire_line(request.command()); !line) return line.error().message();
    if (request.command().pty()) return "a job has no terminal";
    if (!request.command().sudo_password().empty()) return "a job cannot be given a sudo password";
    if (!request.id().empty() && !is_job_id(request.id()))
        return "an id is a UUID in lower case, as in 123e4567-e89b-42d3-a456-426614174000";
    if (!request.name().empty() && !is_job_name(request.name()))
        return "a name is made of letters, digits and ._- (at most 64, not first - or .)";
    if (request.cleanup().find('\0') != std::string::npos) return "a cleanup cannot hold a NUL byte";
    if (!request.directory().empty() && !request.directory().starts_with('/'))
        return "the directory for jobs is an absolute path on the VM";
    if (request.revert().find('\0') != std::string::npos) return "a revert cannot hold a NUL byte";
    if (!request.revert().empty() && request.confirm_within() < std::chrono::seconds(2))
        return "a revert needs at least 2 s to be confirmed within";
    if (request.max_reboots() < 0) return "a number of reboots is not negative";
    return {};
}

}  // namespace vmc::model
