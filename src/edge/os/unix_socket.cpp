// SPDX-License-Identifier: Apache-2.0
#include "edge/os/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

namespace vmc::edge {

namespace {
std::unexpected<Error> trouble(Code code, const std::string& path, const char* what) {
    return failed(code, Stage::none, path + ": " + what);
}
}  // namespace

Result<Fd> connect_unix(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    const std::string name = path.substr(slash == std::string::npos ? 0 : slash + 1);
    const Fd directory(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return trouble(Code::local, path, std::strerror(errno));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string near = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + name;
    if (near.size() >= sizeof address.sun_path) return trouble(Code::bad_request, path, "its name is too long");
    std::ranges::copy(near, std::begin(address.sun_path));
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return trouble(Code::local, path, std::strerror(errno));
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
    const int error = errno;
    struct stat about{};
    if (::fstatat(directory.get(), name.c_str(), &about, 0) == 0 && !S_ISSOCK(about.st_mode))
        return trouble(Code::bad_request, path, S_ISDIR(about.st_mode) ? "a directory, no socket" : "no socket");
    const auto code = error == ECONNREFUSED ? Code::refused : error == EAGAIN ? Code::throttled : Code::local;
    return trouble(code, path, error == EAGAIN ? "too many others wait there" : std::strerror(error));
}

}  // namespace vmc::edge
