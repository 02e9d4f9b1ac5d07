// SPDX-License-Identifier: Apache-2.0
#include "model/sudo.hpp"

#include <array>
#include <utility>

#include "model/script.hpp"

namespace vmc::model {

namespace {

constexpr std::array<std::pair<std::string_view, SudoGrant>, 6> words{{{"free", SudoGrant::free},
                                                                       {"partly", SudoGrant::partly},
                                                                       {"password", SudoGrant::password},
                                                                       {"wrong", SudoGrant::wrong},
                                                                       {"wanted", SudoGrant::wanted},
                                                                       {"absent", SudoGrant::absent}}};

/// For a POSIX shell, which is what runs our scripts.
std::string posix_quoted(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

}  // namespace

std::string sudo_script(std::string_view password, std::string_view nonce) {
    // `sudo -n -l` needs no password where any command needs none (listpw=any): then it depends on the command.
    std::string body =
        "if ! command -v sudo >/dev/null; then printf 'sudo=absent\\n'\n"
        "elif sudo -n true >/dev/null; then printf 'sudo=free\\n'\n";
    if (password.empty()) {
        body +=
            "elif sudo -n -l >/dev/null; then printf 'sudo=partly\\n'\n"
            "else printf 'sudo=wanted\\n'\n";
    } else {
        body += "elif ! printf '%s\\n' " + posix_quoted(password) +
                " | sudo -k -S -p '' -v >/dev/null; then printf 'sudo=wrong\\n'\n"
                "elif sudo -n -k -l >/dev/null; then printf 'sudo=partly\\n'\n"
                "else printf 'sudo=password\\n'\n";
    }
    return framed(body + "fi\n", nonce);
}

Result<SudoGrant> parse_sudo(std::string_view printed, std::string_view nonce) {
    const auto answer = answer_of(printed, nonce);
    if (!answer) return std::unexpected(answer.error());
    for (const auto& [word, grant] : words)
        if (*answer == "sudo=" + std::string(word) + "\n") return grant;
    return failed(Code::protocol, Stage::command, "sudo was asked for, and the answer makes no sense");
}

SudoWay way_for(SudoGrant grant, bool password_given) noexcept {
    if (grant == SudoGrant::password) return SudoWay::with_password;
    return grant == SudoGrant::partly && password_given ? SudoWay::warmed_up : SudoWay::plain;
}

}  // namespace vmc::model
