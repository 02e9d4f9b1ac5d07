// SPDX-License-Identifier: Apache-2.0
#include "model/rung_script.hpp"

#include <doctest/doctest.h>

#include "model/script.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {

const std::string mark = "0123456789abcdef";

std::string printed(const std::string& body) {
    return "motd\n\nvmc-begin-" + mark + "\n" + body + "\n\nvmc-end-" + mark + "\n";
}

}  // namespace

TEST_CASE("who is root, or may sudo without a password, may do what takes root") {
    CHECK(parse_means(printed("uid=0\n"), mark)->as_root());
    CHECK(parse_means(printed("uid=1000\nsudo=yes\n"), mark)->as_root());
    CHECK_FALSE(parse_means(printed("uid=1000\n"), mark)->as_root());
    CHECK_FALSE(parse_means(printed(""), mark)->as_root());
    CHECK_FALSE(parse_means("This account is not available.", mark).has_value());
}

TEST_CASE("a repair has a script for its cause, in words and in deeds, and none for others") {
    Means root;
    root.root = true;
    for (const char* cause : {"sshd-down", "sshd-hung", "port-rejected", "port-filtered", "fork-failure"}) {
        CAPTURE(cause);
        CHECK_FALSE(rung_script(Rung::repair, cause, root, mark).empty());
        CHECK_FALSE(rung_words(Rung::repair, cause).empty());
    }
    for (const char* cause : {"unknown", "disk-full", "none", ""}) {
        CHECK(rung_script(Rung::repair, cause, root, mark).empty());
        CHECK(rung_words(Rung::repair, cause).empty());
    }
    CHECK_FALSE(rung_script(Rung::reboot, "", root, mark).empty());
    CHECK(rung_script(Rung::power_cycle, "", root, mark).empty());
}

TEST_CASE("a user's script goes through sudo, which is asked for no password") {
    Means user;
    user.sudo = true;
    CHECK(rung_script(Rung::reboot, "", user, mark).find("sudo -n -- env SSH_CONNECTION=") != std::string::npos);
    user.root = true;
    CHECK(rung_script(Rung::reboot, "", user, mark).find("sudo") == std::string::npos);
}
