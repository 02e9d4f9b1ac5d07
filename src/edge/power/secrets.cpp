// SPDX-License-Identifier: Apache-2.0
#include "edge/power/secrets.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "edge/os/fd.hpp"

namespace vmc::edge {

namespace {

constexpr std::string_view credential = "credential:";
constexpr std::size_t longest = 64 * 1024;

std::unexpected<Error> bad(const std::string& path, const std::string& why) {
    return failed(Code::bad_request, Stage::config, path + ": " + why);
}

}  // namespace

Result<std::string> read_secrets(const std::string& path) {
    if (path.empty()) return std::string();
    std::string place = path;
    const bool handed_out = place.starts_with(credential);
    if (handed_out) {
        const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
        if (directory == nullptr) return bad(path, "nobody has handed out credentials ($CREDENTIALS_DIRECTORY)");
        place = std::string(directory) + "/" + place.substr(credential.size());
    }
    const Fd file(::open(place.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat about{};
    if (!file || ::fstat(file.get(), &about) != 0) return bad(path, std::strerror(errno));
    if (!S_ISREG(about.st_mode)) return bad(path, "not a file");
    if (about.st_uid != ::geteuid() && about.st_uid != 0) return bad(path, "belongs to another user");
    if ((about.st_mode & 077) != 0 && !handed_out) return bad(path, "others may read it: chmod 600");
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t got = 1; got > 0;) {
        got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0) return bad(path, std::strerror(errno));
        text.append(piece.data(), static_cast<std::size_t>(got));
        if (text.size() > longest) return bad(path, "longer than 64 KiB");
    }
    return text;
}

}  // namespace vmc::edge
