// SPDX-License-Identifier: Apache-2.0
// Proving who we are. Only after the host key has been checked (L15).
#include <cstring>

#include "edge/os/system_clock.hpp"
#include "edge/ssh/connecting.hpp"
#include "edge/ssh/words.hpp"

namespace vmc::edge {

Async<Result<void>> Connecting::read_keys() {
    begin(Stage::config);
    if (target_.user().empty()) co_return failed(Code::bad_request, stage_, "no user name");
    for (const auto& path : target_.keys()) {
        auto reading = co_await parts_.keys.peek(path, limit());
        if (!reading) co_return std::unexpected(std::move(reading.error()));
        const KeyReading& found = **reading;
        if (found.key) unlocked_.push_back(path);
        else if (found.locked) locked_.push_back(path);
        else troubles_.push_back(found.trouble);
    }
    const bool agent = target_.agent() && !parts_.agent_socket.empty();
    if (!unlocked_.empty() || agent) co_return Result<void>();
    // Nothing else to try: ask now, while no server waits for us and counts the seconds.
    for (const auto& path : locked_) {
        auto reading = co_await parts_.keys.unlock(path, target_.passphrase(), limit());
        if (!reading) co_return std::unexpected(std::move(reading.error()));
        const KeyReading& found = **reading;
        if (found.key) unlocked_.push_back(path);
        else troubles_.push_back(found.locked ? path + ": locked, and no passphrase was given" : found.trouble);
    }
    locked_.clear();
    if (!unlocked_.empty()) co_return Result<void>();
    std::string lines;
    for (const auto& line : troubles_) lines += (lines.empty() ? "" : "\n") + line;
    if (lines.empty()) lines = "no key to log in with: none given, and no agent";
    co_return failed(Code::key_unusable, stage_, lines);
}

Async<Result<int>> Connecting::try_none() {
    asked_none_ = true;
    int rc = SSH_AUTH_AGAIN;
    while ((rc = ::ssh_userauth_none(session(), nullptr)) == SSH_AUTH_AGAIN) {
        const bool heard = co_await hear();
        if (!heard) co_return std::unexpected(late("no answer to our login"));
    }
    note_failure();
    co_return rc;
}

Async<Result<int>> Connecting::try_key(std::shared_ptr<const LoadedKey> key) {
    // L9: an RSA signature must not be made before the server has said which hashes it takes, and that
    // message comes with the answer to the first request at the latest.
    if (key->is_rsa() && !asked_none_) {
        auto none = co_await try_none();
        if (!none || *none == SSH_AUTH_SUCCESS || *none == SSH_AUTH_ERROR) co_return none;
    }
    tried_.push_back(key->path() + (key->has_certificate() ? " (certificate)" : ""));
    int rc = SSH_AUTH_AGAIN;
    while ((rc = ::ssh_userauth_publickey(session(), nullptr, key->raw())) == SSH_AUTH_AGAIN) {
        const bool heard = co_await hear();
        if (!heard) co_return std::unexpected(late("no answer to our login"));
    }
    note_failure();
    if (rc == SSH_AUTH_SUCCESS) facts_.key_used = key->path();
    co_return rc;
}

/// True when we are in.
Async<Result<bool>> Connecting::try_reading(std::shared_ptr<const KeyReading> reading) {
    for (const auto& key : {reading->certified, reading->key}) {
        if (!key) continue;
        const auto rc = co_await try_key(key);
        if (!rc) co_return std::unexpected(rc.error());
        if (*rc == SSH_AUTH_SUCCESS) co_return true;
        if (*rc == SSH_AUTH_PARTIAL) partial_ = true;
        if (*rc == SSH_AUTH_ERROR) co_return std::unexpected(auth_error());
    }
    co_return false;
}

Async<Result<bool>> Connecting::try_file(std::string path) {
    auto reading = co_await parts_.keys.unlock(path, target_.passphrase(), limit());
    if (!reading) co_return std::unexpected(std::move(reading.error()));
    if (!(*reading)->key) {
        troubles_.push_back((*reading)->locked ? path + ": locked" : (*reading)->trouble);
        co_return false;
    }
    co_return co_await try_reading(std::move(*reading));
}

Async<Result<void>> Connecting::log_in() {
    begin(Stage::authentication);
    for (const auto& path : unlocked_) {
        const auto in = co_await try_file(path);
        if (!in) co_return std::unexpected(in.error());
        if (*in) co_return Result<void>();
    }
    if (target_.agent() && !parts_.agent_socket.empty()) {
        const auto rc = co_await try_agent();
        if (!rc) co_return std::unexpected(rc.error());
        if (*rc == SSH_AUTH_SUCCESS) co_return Result<void>();
        if (*rc == SSH_AUTH_PARTIAL) partial_ = true;
        if (*rc == SSH_AUTH_ERROR) co_return std::unexpected(auth_error());
    }
    for (const auto& path : locked_) {
        const auto in = co_await try_file(path);
        if (!in) co_return std::unexpected(in.error());
        if (*in) co_return Result<void>();
    }
    co_return std::unexpected(denied());
}

void Connecting::note_failure() {
    const std::string_view words = ::ssh_get_error(session());
    constexpr std::string_view before = "Authentication that can continue: ";
    if (const auto at = words.find(before); at != std::string_view::npos) offered_ = words.substr(at + before.size());
}

namespace {
std::string issue(ssh_session session) {
    char* banner = ::ssh_get_issue_banner(session);
    const std::string text = banner ? trimmed(banner) : std::string();
    ::ssh_string_free_char(banner);
    return text;
}
}  // namespace

Error Connecting::denied() const {
    const std::string banner = issue(session());
    if (says_booting(banner)) return Error(Code::booting, stage_, banner).said(banner);
    std::string tried;
    for (const auto& one : tried_) tried += (tried.empty() ? "" : ", ") + one;
    std::string words = "denied for " + target_.user() + " (tried " + (tried.empty() ? "nothing" : tried) + ")";
    if (!offered_.empty()) words += "; the server takes " + offered_;
    if (partial_) words += "; one key was accepted, and it wants more";
    for (const auto& line : troubles_) words += "\n" + line;
    return Error(Code::auth_denied, stage_, words).said(banner);
}

/// The connection ended, or libssh gave up, in the middle of it.
Error Connecting::auth_error() const {
    const std::string banner = issue(session());
    if (says_booting(banner)) return Error(Code::booting, stage_, banner).said(banner);
    Error why = connection_error(session(), stage_);
    if (why.peer_words().empty()) why.said(banner);
    return why;
}

}  // namespace vmc::edge
