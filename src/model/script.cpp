// SPDX-License-Identifier: Apache-2.0
#include "model/script.hpp"

#include <algorithm>

#include "base/ensure.hpp"

namespace vmc::model {

std::string nonce(std::uint64_t draw) {
    std::string digits;
    for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(draw >> shift) & 15U];
    return digits;
}

std::string framed(std::string_view body, std::string_view nonce) {
    ensure(nonce.size() == 16 &&
               std::ranges::all_of(nonce, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }),
           "a nonce is 16 hex digits");
    const std::string mark(nonce);
    return "vmc() {\n"
           "[ \"$1\" = " +
           mark +
           " ] || exit 97\n"
           "exec </dev/null 2>/dev/null\n"
           "set -f\n"
           "PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C\n"
           "export PATH LC_ALL\n"
           "printf '\\n%s\\n' vmc-begin-" +
           mark + "\n" + std::string(body) + "printf '\\n%s\\n' vmc-end-" + mark +
           "\n"
           "exit 0\n"
           "}\n"
           "vmc " +
           mark + "\n";
}

bool cannot_start(std::string_view words) {
    // bash and dash on EAGAIN and ENOMEM of fork(2); mksh and busybox use strerror's words alone.
    static constexpr std::string_view complaints[] = {"fork", "Resource temporarily unavailable",
                                                      "Cannot allocate memory", "Too many open files in system"};
    return std::ranges::any_of(complaints, [&](auto each) { return words.find(each) != std::string_view::npos; });
}

Result<std::string_view> answer_of(std::string_view printed, std::string_view nonce) {
    const auto words = std::string(printed.substr(0, 1024));
    const std::string begin = "\nvmc-begin-" + std::string(nonce) + "\n",
                      end = "\nvmc-end-" + std::string(nonce) + "\n";
    const auto began = printed.find(begin);
    if (began == std::string_view::npos)
        return std::unexpected(
            Error(Code::restricted_shell, Stage::command, "something else than a shell answered").said(words));
    const std::string_view rest = printed.substr(began + begin.size());
    const auto ended = rest.find(end);
    if (ended == std::string_view::npos)
        return std::unexpected(Error(Code::protocol, Stage::command, "the answer of a probe broke off").said(words));
    return rest.substr(0, ended);
}

}  // namespace vmc::model
