// SPDX-License-Identifier: Apache-2.0
// The slugs: stable words for JSON, metrics and exit reports. Add, never rename.
#include <vm_connection/error.hpp>
#include <vm_connection/notice.hpp>
#include <vm_connection/outcome.hpp>

namespace vmc {

std::string_view slug(Stage stage) noexcept {
    switch (stage) {
        case Stage::none: return "none";
        case Stage::config: return "config";
        case Stage::resolve: return "resolve";
        case Stage::tcp: return "tcp";
        case Stage::banner: return "banner";
        case Stage::key_exchange: return "key-exchange";
        case Stage::host_key: return "host-key";
        case Stage::authentication: return "authentication";
        case Stage::channel: return "channel";
        case Stage::request: return "request";
        case Stage::command: return "command";
    }
    return "none";
}

std::string_view slug(Code code) noexcept {
    switch (code) {
        case Code::bad_request: return "bad-request";
        case Code::local: return "local";
        case Code::unknown_name: return "unknown-name";
        case Code::unreachable: return "unreachable";
        case Code::refused: return "refused";
        case Code::timed_out: return "timed-out";
        case Code::protocol: return "protocol";
        case Code::no_common_algorithm: return "no-common-algorithm";
        case Code::throttled: return "throttled";
        case Code::booting: return "booting";
        case Code::host_key_unknown: return "host-key-unknown";
        case Code::host_key_changed: return "host-key-changed";
        case Code::host_key_revoked: return "host-key-revoked";
        case Code::key_unusable: return "key-unusable";
        case Code::auth_denied: return "auth-denied";
        case Code::auth_held: return "auth-held";
        case Code::held: return "held";
        case Code::channel_refused: return "channel-refused";
        case Code::restricted_shell: return "restricted-shell";
        case Code::declined: return "declined";
        case Code::lost: return "lost";
        case Code::no_status: return "no-status";
        case Code::cancelled: return "cancelled";
    }
    return "local";
}

std::string_view slug(Known known) noexcept {
    switch (known) {
        case Known::no: return "no";
        case Known::unknown: return "unknown";
        case Known::yes: return "yes";
    }
    return "unknown";
}

std::string_view slug(Notice::Kind kind) noexcept {
    switch (kind) {
        case Notice::Kind::connecting: return "connecting";
        case Notice::Kind::online: return "online";
        case Notice::Kind::suspect: return "suspect";
        case Notice::Kind::answered: return "answered";
        case Notice::Kind::replaced: return "replaced";
        case Notice::Kind::waiting: return "waiting";
        case Notice::Kind::ended: return "ended";
        case Notice::Kind::rebooted: return "rebooted";
        case Notice::Kind::stopped: return "stopped";
        case Notice::Kind::host_key: return "host-key";
        case Notice::Kind::command: return "command";
    }
    return "command";
}

}  // namespace vmc
