// SPDX-License-Identifier: Apache-2.0
#include "model/listener.hpp"

#include "model/key_values.hpp"

namespace vmc::model {
namespace {

// Those that listen (0A, TCP_LISTEN) stand first in both files: a server with a hundred thousand connections is not
// read to its end.
constexpr std::string_view listener_body = R"sh(
# shellcheck disable=SC2086 # split into words; globbing is off
set -- $SSH_CONNECTION
port=$(printf '%04X' "$4")
found=
for file in /proc/net/tcp /proc/net/tcp6; do
    while read -r _ at _ state _; do
        case $state in
            st) found=${found:-no} ;;
            0A) case $at in *:"$port") found=yes && break ;; esac ;;
            *) break ;;
        esac
    done <"$file"
done
[ "$#" = 4 ] && [ -n "$found" ] && printf 'listens=%s\n' "$found"
)sh";

}  // namespace

std::string listener_script(std::string_view nonce) { return framed(listener_body, nonce); }

Result<bool> parse_listener(std::string_view printed, std::string_view nonce) {
    const auto answer = answer_of(printed, nonce);
    if (!answer) return std::unexpected(answer.error());
    const auto values = key_values(*answer);
    const auto found = values.find("listens");
    if (found != values.end() && found->second == "yes") return true;
    if (found != values.end() && found->second == "no") return false;
    return failed(Code::protocol, Stage::command, "its sockets could not be read");
}

}  // namespace vmc::model
