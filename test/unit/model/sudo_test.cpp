// SPDX-License-Identifier: Apache-2.0
#include "model/sudo.hpp"

#include <doctest/doctest.h>

#include "model/quote.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {
const std::string mark = "0123456789abcdef";
std::string answering(const std::string& body) {
    return "noise\nvmc-begin-" + mark + "\n" + body + "\nvmc-end-" + mark + "\n";
}
}  // namespace

TEST_CASE("sudo's grants are read, and nothing else is") {
    CHECK(parse_sudo(answering("sudo=free\n"), mark).value() == SudoGrant::free);
    CHECK(parse_sudo(answering("sudo=wanted\n"), mark).value() == SudoGrant::wanted);
    for (const std::string bad : {"", "sudo=\n", "sudo=free\nsudo=free\n", "sudo=root\n"})
        CHECK_FALSE(parse_sudo(answering(bad), mark).has_value());
    CHECK(parse_sudo("This account is not available.\n", mark).error().code() == Code::restricted_shell);
}

TEST_CASE("the password is in the script only where a builtin writes it, whatever it holds") {
    const auto script = sudo_script("a'b\\c $d", mark);
    CHECK(script.find(R"(printf '%s\n' 'a'\''b\c $d' | sudo -S -p '' -v)") != std::string::npos);
    CHECK(sudo_script("", mark).find("-S") == std::string::npos);
}

TEST_CASE("the password is taken by a shell, whatever sudo asks for, before the command has its input") {
    const auto command = Command::words({"cat"}).sudo_password("pw");
    CHECK(wire_line(command, way_for(SudoGrant::free, true)).value() == "sudo -n -- 'cat'");
    CHECK(wire_line(command, way_for(SudoGrant::partly, false)).value() == "sudo -n -- 'cat'");
    CHECK(wire_line(command, way_for(SudoGrant::password, true)).value() ==
          R"(/bin/sh -c 'IFS= read -r p; printf "%s\n" "$p" | sudo -S -p "" -v && sudo -n -- "$@"; exit $?' sh 'cat')");
}

TEST_CASE("a password of two lines, or beside a terminal that would show it, is refused here") {
    CHECK(wire_line(Command("id").sudo_password("a\nb")).error().code() == Code::bad_request);
    CHECK(wire_line(Command("id").sudo_password("pw").pty(Pty())).error().code() == Code::bad_request);
}
