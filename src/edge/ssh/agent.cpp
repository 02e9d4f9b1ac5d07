// SPDX-License-Identifier: Apache-2.0
// Logging in with the keys of an ssh-agent.
#include <libssh/callbacks.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "edge/os/fd.hpp"
#include "edge/ssh/connecting.hpp"
#include "edge/ssh/words.hpp"

namespace vmc::edge {

namespace {

/// On a helper thread: an agent whose queue is full makes connect(2) wait.
std::shared_ptr<Fd> connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return nullptr;
    std::memcpy(address.sun_path, path.data(), path.size());
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd || ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return nullptr;
    return std::make_shared<Fd>(std::move(fd));
}

/// Our hold on the agent's socket while a helper thread waits in it inside libssh: letting go of it
/// ends that wait, so that an agent which never answers does not keep a helper for ever.
class Hold {
public:
    explicit Hold(int socket) : twin_(::dup(socket)) {}
    ~Hold() {
        if (twin_) ::shutdown(twin_.get(), SHUT_RDWR);
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

private:
    Fd twin_;
};

}  // namespace

/// libssh reads and writes the agent's socket by itself, and may wait for a finger on a token (L16):
/// that runs on a helper thread, with the session lent to it. Waiting for the server is done here.
Async<Result<int>> Connecting::try_agent() {
    const std::function<std::shared_ptr<Fd>()> reach = [path = parts_.agent_socket] { return connect_to(path); };
    const auto socket = co_await parts_.helpers.run(reach, limit());
    if (!socket) co_return std::unexpected(late("the agent takes no connection"));
    if (!*socket) {
        troubles_.push_back(parts_.agent_socket + ": no agent there");
        co_return SSH_AUTH_DENIED;
    }
    const Hold hold((*socket)->get());
    ::ssh_set_agent_socket(session(), (*socket)->release());  // libssh's from here on
    if (!asked_none_) {                          // an agent may hold RSA keys (L9)
        auto none = co_await try_none();
        if (!none || *none == SSH_AUTH_SUCCESS || *none == SSH_AUTH_ERROR) co_return none;
    }
    tried_.emplace_back("agent");
    const std::function<int()> ask = [handle = wire_->handle()] {
        return ::ssh_userauth_agent(handle->session(), nullptr);
    };
    for (;;) {
        wire_->handle()->lent = true;
        const auto rc = co_await parts_.helpers.run(ask, limit());
        if (!rc) co_return std::unexpected(late("no answer from the agent"));
        wire_->handle()->lent = false;
        if (*rc == SSH_AUTH_SUCCESS) facts_.key_used = "agent";
        if (*rc != SSH_AUTH_AGAIN) {
            note_failure();
            co_return *rc;
        }
        const bool heard = co_await hear();
        if (!heard) co_return std::unexpected(late("no answer to our login"));
    }
}

}  // namespace vmc::edge
