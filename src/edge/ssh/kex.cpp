// SPDX-License-Identifier: Apache-2.0
// From the first byte of the server to the proof of its host key.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "edge/os/dial.hpp"
#include "edge/os/system_clock.hpp"
#include "edge/ssh/connecting.hpp"
#include "edge/ssh/words.hpp"

namespace vmc::edge {

namespace {

/// AES-GCM first: with AES-NI it costs half of chacha20. chacha20 is last because without strict key
/// exchange it cannot be used (CVE-2023-48795), and whether the server has that is known only after
/// we have made our offer. No CBC at all.
constexpr const char* our_ciphers =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,chacha20-poly1305@openssh.com";

constexpr const char* host_key_types =
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
    "sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,rsa-sha2-512,rsa-sha2-256";

std::string ordered_types(const std::vector<std::string>& known) {
    std::string order;
    const auto add = [&order](std::string_view name) {
        if (lists(order, name) || !lists(host_key_types, name)) return;
        if (!order.empty()) order += ',';
        order += name;
    };
    for (const auto& type : known) {
        if (type == "ssh-rsa") add("rsa-sha2-512"), add("rsa-sha2-256");
        else add(type);
    }
    for (std::string_view rest = host_key_types; !rest.empty();) {
        const std::size_t comma = rest.find(',');
        add(rest.substr(0, comma));
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    return order;
}

struct OwnedText {
    explicit OwnedText(char* t) : text(t) {}
    ~OwnedText() { ::ssh_string_free_char(text); }
    char* text;
};

/// libssh has taken the socket's error; a proxy's end has none.
std::string how_it_broke(ssh_session session) {
    const std::string words = words_of(session);
    return words == "Success" ? "closed" : words;
}

Result<HostKey> shown_key(ssh_session session) {
    ssh_key raw = nullptr;
    if (::ssh_get_server_publickey(session, &raw) != SSH_OK)
        return failed(Code::protocol, Stage::host_key, "the server showed no host key");
    const std::unique_ptr<ssh_key_struct, void (*)(ssh_key)> key(raw, ::ssh_key_free);
    HostKey shown;
    shown.type = ::ssh_key_type_to_char(::ssh_key_type(raw));
    char* base64 = nullptr;
    unsigned char* hash = nullptr;
    std::size_t length = 0;
    if (::ssh_pki_export_pubkey_base64(raw, &base64) != SSH_OK ||
        ::ssh_get_publickey_hash(raw, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) != SSH_OK) {
        ::ssh_string_free_char(base64);
        return failed(Code::local, Stage::host_key, "cannot take the fingerprint of the host key");
    }
    shown.base64 = OwnedText(base64).text;
    shown.fingerprint = OwnedText(::ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length)).text;
    ::ssh_clean_pubkey_hash(&hash);
    return shown;
}

}  // namespace

Result<void> Connecting::set(ssh_options_e option, const char* what, const std::string& value) {
    if (::ssh_options_set(session(), option, value.c_str()) == SSH_OK) return {};
    return failed(Code::bad_request, Stage::config, std::string(what) + " not acceptable to libssh: " + value);
}

Result<void> Connecting::give_options(const std::vector<std::string>& known_types) {
    const bool no = false;
    ::ssh_options_set(session(), SSH_OPTIONS_PROCESS_CONFIG, &no);  // L14
    ::ssh_set_blocking(session(), 0);
    const std::string& ciphers = target_.ciphers().empty() ? our_ciphers : target_.ciphers();
    // Verification and its files are ours (L15); the directory is named so that nobody looks up a home.
    auto done = set(SSH_OPTIONS_SSH_DIR, "directory", "/nonexistent");
    if (done) done = set(SSH_OPTIONS_KNOWNHOSTS, "known_hosts", "/dev/null");
    if (done) done = set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "known_hosts", "/dev/null");
    if (done) done = set(SSH_OPTIONS_USER, "user name", target_.user().empty() ? "nobody" : target_.user());  // L20
    if (done) done = set(SSH_OPTIONS_HOSTKEYS, "host key types", ordered_types(known_types));
    if (done) done = set(SSH_OPTIONS_CIPHERS_C_S, "ciphers", ciphers);
    if (done) done = set(SSH_OPTIONS_CIPHERS_S_C, "ciphers", ciphers);
    if (done && !target_.kex_algorithms().empty())
        done = set(SSH_OPTIONS_KEY_EXCHANGE, "key exchange algorithms", target_.kex_algorithms());
    return done;
}

/// One step of ssh_connect, overhearing what it reads.
int Connecting::connect_step() {
    std::array<char, 4096> bytes{};  // as much as libssh reads at a time
    ssize_t seen = 0;
    const std::uint64_t before = wire_->handle()->socket.in_bytes;
    if (!overheard_.done()) seen = ::recv(wire_->fd(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    const int rc = ::ssh_connect(session());
    if (::ssh_get_fd(session()) >= 0) wire_->stay_non_blocking();
    const std::uint64_t read = wire_->handle()->socket.in_bytes - before;
    // Bytes that came between the look and the read went by unseen.
    if (read > static_cast<std::uint64_t>(std::max<ssize_t>(seen, 0))) overheard_.give_up();
    else if (read > 0) overheard_.feed({bytes.data(), static_cast<std::size_t>(read)});
    return rc;
}

Async<Result<void>> Connecting::hear_banner() {
    auto known = co_await parts_.book.known_types(target_, limit());
    if (!known) co_return std::unexpected(std::move(known.error()));
    begin(Stage::banner);
    auto given = give_options(*known);
    if (!given) co_return given;
    set_keepalive(wire_->fd(), true);
    // The first step sends our own line: some servers (and multiplexers) wait for it. It fails where the
    // connection has ended already, and then what was said before that is still to be read.
    const bool begun = ::ssh_connect(session()) != SSH_ERROR;
    if (begun) wire_->stay_non_blocking();

    Preamble preamble;
    std::array<char, 8192> head{};
    for (;;) {
        const ssize_t seen = ::recv(wire_->fd(), head.data(), head.size(), MSG_PEEK | MSG_DONTWAIT);
        if (seen <= 0 && !begun)
            co_return std::unexpected(no_ssh_there(preamble.words(), "broke: " + how_it_broke(session())));
        if (seen == 0) co_return std::unexpected(no_ssh_there(preamble.words(), "closed"));
        if (seen < 0 && errno != EAGAIN && errno != EINTR)
            co_return std::unexpected(no_ssh_there(preamble.words(), std::string("broke: ") + std::strerror(errno)));
        if (seen < 0) {
            const bool heard = co_await hear();
            if (heard) continue;
            if (preamble.said_anything()) co_return std::unexpected(no_ssh_there(preamble.words(), "silent"));
            co_return std::unexpected(late("the connection was accepted, and nothing was said"));
        }
        std::size_t used = 0;
        const auto found = preamble.look({head.data(), static_cast<std::size_t>(seen)}, used);
        if (used > 0) ::recv(wire_->fd(), head.data(), used, MSG_DONTWAIT);
        if (found == Preamble::Found::identification) {
            set_keepalive(wire_->fd(), false);
            if (begun) co_return Result<void>();
            co_return std::unexpected(connection_error(session(), stage_));
        }
        if (found == Preamble::Found::endless) co_return std::unexpected(no_ssh_there(preamble.words(), "endless"));
    }
}

Async<Result<void>> Connecting::exchange_keys() {
    for (;;) {
        const std::uint64_t before = wire_->handle()->socket.in_bytes;
        const int rc = connect_step();
        if (const char* banner = ::ssh_get_serverbanner(session()); banner && facts_.server_banner.empty()) {
            facts_.server_banner = banner;
            begin(Stage::key_exchange);
        }
        if (rc == SSH_ERROR) co_return std::unexpected(connection_error(session(), stage_));
        if (rc == SSH_OK) co_return Result<void>();
        if (wire_->handle()->socket.in_bytes - before == 4096) continue;  // there may be more
        const bool heard = co_await hear();
        if (heard) continue;
        co_return std::unexpected(late(stage_ == Stage::banner ? "the identification line never ended"
                                                               : "the key exchange stopped half-way"));
    }
}

Result<void> Connecting::refuse_weak_cipher() const {
    if (!target_.ciphers().empty() || overheard_.strict() == true) return {};
    for (const char* cipher : {::ssh_get_cipher_in(session()), ::ssh_get_cipher_out(session())}) {
        if (!cipher || !std::strstr(cipher, "chacha20")) continue;
        if (!overheard_.strict())
            return failed(Code::lost, stage_, "could not see whether the server has strict key exchange; try again");
        return failed(Code::no_common_algorithm, stage_,
                      "the server offers only chacha20-poly1305, and that without strict key exchange "
                      "(CVE-2023-48795); name the ciphers yourself to accept it");
    }
    return {};
}

Async<Result<void>> Connecting::check_host_key() {
    if (auto strong = refuse_weak_cipher(); !strong) co_return strong;
    begin(Stage::host_key);
    auto shown = shown_key(session());
    if (!shown) co_return std::unexpected(std::move(shown.error()));
    facts_.host_key = shown->fingerprint;
    auto known = co_await parts_.book.check(target_, std::move(*shown), limit());
    if (!known) co_return std::unexpected(std::move(known.error()));
    facts_.host_key_was_new = *known;
    co_return Result<void>();
}

Async<Result<HostKey>> Connecting::show_host_key() {
    constexpr Async<Result<void>> (Connecting::* steps[])() = {&Connecting::reach, &Connecting::hear_banner,
                                                               &Connecting::exchange_keys};
    for (const auto step : steps) {
        auto done = co_await (this->*step)();
        if (!done) co_return std::unexpected(std::move(done.error()));
    }
    co_return shown_key(session());
}

}  // namespace vmc::edge
