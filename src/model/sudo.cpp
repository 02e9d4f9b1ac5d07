// SPDX-License-Identifier: Apache-2.0
#include "model/sudo.hpp"

#include <array>
#include <utility>

#include "model/script.hpp"

namespace vmc::model {

namespace {

constexpr std::array<std::pair<std::string_view, SudoGrant>, 8> grant_words{{{"free", SudoGrant::free},
                                                                             {"partly", SudoGrant::partly},
                                                                             {"password", SudoGrant::password},
                                                                             {"wrong", SudoGrant::wrong},
                                                                             {"wanted", SudoGrant::wanted},
                                                                             {"forgetful", SudoGrant::forgetful},
                                                                             {"indiscreet", SudoGrant::indiscreet},
                                                                             {"absent", SudoGrant::absent}}};

/// For a POSIX shell, which is what runs our scripts.
std::string posix_quoted(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

}  // namespace

std::string sudo_script(std::string_view password, std::string_view nonce) {
    // -k: what an earlier sudo of somebody else's remembered does not count. `sudo -n -l` needs no password
    // where any command needs none (listpw=any): then it depends on the command.
    std::string body =
        "if ! command -v sudo >/dev/null; then grant=absent\n"
        "elif sudo -n -k true >/dev/null; then grant=free\n";
    if (password.empty()) {
        body +=
            "elif sudo -n -k -l >/dev/null; then grant=partly\n"
            "else grant=wanted\n";
    } else {
        body +=
            "elif [ \"$(command -v printf)\" != printf ]; then grant=indiscreet\n"
            "elif ! printf '%s\\n' " +
            posix_quoted(password) +
            " | sudo -S -p '' -v >/dev/null; then grant=wrong\n"
            "elif sudo -n -v >/dev/null; then grant=password\n"
            "else grant=forgetful\n";
    }
    return framed(body + "fi\nprintf 'sudo=%s\\n' \"$grant\"\n", nonce);
}

Result<SudoGrant> parse_sudo(std::string_view printed, std::string_view nonce) {
    const auto answer = answer_of(printed, nonce);
    if (!answer) return std::unexpected(answer.error());
    for (const auto& [word, grant] : grant_words)
        if (*answer == "sudo=" + std::string(word) + "\n") return grant;
    return failed(Code::protocol, Stage::command, "sudo was asked for, and the answer makes no sense");
}

SudoWay way_for(SudoGrant grant, bool password_given) noexcept {
    return password_given && grant != SudoGrant::free ? SudoWay::with_password : SudoWay::plain;
}

}  // namespace vmc::model
