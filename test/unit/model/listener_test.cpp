// SPDX-License-Identifier: Apache-2.0
#include "model/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "unit/model/shell.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {

const std::string mark = nonce(0xfedcba9876543210);

/// A TCP socket of this process at a port that the kernel chose, which may be told to listen.
class Socket {
public:
    explicit Socket(int family) : fd_(socket(family, SOCK_STREAM, 0)) {
        sockaddr_storage at{};
        at.ss_family = static_cast<sa_family_t>(family);
        socklen_t size = sizeof at;
        REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&at), family == AF_INET ? sizeof(sockaddr_in) : size) == 0);
        REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
        port_ = ntohs(reinterpret_cast<sockaddr_in*>(&at)->sin_port);  // at the same place in both families
    }
    ~Socket() { close(fd_); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    void listen() const { REQUIRE(::listen(fd_, 1) == 0); }
    [[nodiscard]] std::string connection() const { return "192.0.2.1 40000 192.0.2.2 " + std::to_string(port_); }

private:
    int fd_;
    int port_ = 0;
};

Result<bool> asked(const std::string& connection, const std::string& with) {
    return parse_listener(shell::run(listener_script(mark), with, connection), mark);
}

}  // namespace

TEST_CASE("whether somebody listens is read right under every shell there is") {
    for (const int family : {AF_INET, AF_INET6}) {
        for (const std::string& with : shell::installed()) {
            CAPTURE(with);
            CAPTURE(family);
            const Socket socket(family);
            CHECK(asked(socket.connection(), with) == false);
            socket.listen();
            CHECK(asked(socket.connection(), with) == true);
        }
    }
}

TEST_CASE("a session that does not tell its port, or a word that is none of ours, says nothing") {
    CHECK_FALSE(asked("", "/bin/sh"));
    CHECK_FALSE(asked("192.0.2.1 40000 192.0.2.2", "/bin/sh"));
    for (const char* said : {"", "listens=", "listens=perhaps\n", "listens\n", "xlistens=yes\n"}) {
        CAPTURE(said);
        CHECK_FALSE(parse_listener("\nvmc-begin-" + mark + "\n" + said + "\nvmc-end-" + mark + "\n", mark));
    }
}
