// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/words.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "edge/ssh/handle.hpp"

namespace vmc::edge {

namespace {

constexpr std::size_t most_words = 1024;

bool any_in(std::string_view text, std::initializer_list<std::string_view> phrases) {
    return std::any_of(phrases.begin(), phrases.end(),
                       [text](std::string_view phrase) { return text.find(phrase) != std::string_view::npos; });
}

/// As strerror(3) says it: our kernel had no answer for too long, or was told by a router that there is no way.
Error ended(Stage stage, std::string message, std::string_view how) {
    Error why(Code::lost, stage, std::move(message));
    for (const int error : {ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN})
        if (how.ends_with(std::strerror(error))) why.given_up_here();
    return why;
}

/// "Received SSH_MSG_DISCONNECT: 2:Too many authentication failures": the code is for programs.
Error disconnected(Stage stage, std::string_view words) {
    const std::size_t text_at = words.find(':');
    const std::string_view text = text_at == std::string_view::npos ? words : words.substr(text_at + 1);
    Code code = Code::lost;
    if (says_later(text)) code = Code::throttled;
    else if (says_booting(text)) code = Code::booting;
    else if (any_in(text, {"Too many authentication failures"})) code = Code::auth_denied;
    return Error(code, stage, "the server disconnected: " + trimmed(text)).said(trimmed(text));
}

}  // namespace

std::string trimmed(std::string_view words) {
    const auto blank = [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; };
    while (!words.empty() && blank(words.front())) words.remove_prefix(1);
    words = words.substr(0, most_words);
    while (!words.empty() && blank(words.back())) words.remove_suffix(1);
    return std::string(words);
}

bool says_booting(std::string_view words) {
    // pam_nologin(8), systemd-user-sessions(8), systemd-logind at shutdown.
    return any_in(words, {"System is booting up", "system is booting up", "System is going down",
                          "system is going down", "shutting down", "Unprivileged users are not permitted to log in"});
}

bool says_later(std::string_view words) {
    // OpenSSH: sshd.c drop_connection() and, since 9.8, srclimit.c.
    return any_in(words, {"Exceeded MaxStartups", "Not allowed at this time"});
}

Error connection_error(ssh_session session, Stage stage) {
    const std::string_view words = words_of(session);
    constexpr std::string_view disconnect = "Received SSH_MSG_DISCONNECT: ";
    if (words.starts_with(disconnect)) return disconnected(stage, words.substr(disconnect.size()));
    if (words.starts_with("kex error : no match for method "))
        return Error(Code::no_common_algorithm, stage, "no common algorithm: " + std::string(words.substr(32)))
            .said(trimmed(words));
    if (words == "Socket error: disconnected") return Error(Code::lost, stage, "the server closed the connection");
    if (any_in(words, {"Socket error: ", "error on socket", "no reason given"}))
        return ended(stage, "the connection broke: " + std::string(words), words);
    return Error(stage == Stage::command ? Code::lost : Code::protocol, stage, std::string(words));
}

Error no_ssh_there(std::string_view words, std::string_view how) {
    const std::string said = trimmed(words);
    if (says_later(said))
        return Error(Code::throttled, Stage::banner, "the server takes no login now: " + said).said(said);
    if (says_booting(said)) return Error(Code::booting, Stage::banner, said).said(said);
    if (said.empty()) return ended(Stage::banner, "the connection was accepted and then " + std::string(how), how);
    return Error(Code::protocol, Stage::banner, "what answered does not speak SSH").said(said);
}

}  // namespace vmc::edge
