// SPDX-License-Identifier: Apache-2.0
#include "model/ssh_options.hpp"

#include <doctest/doctest.h>

using namespace vmc;

TEST_CASE("the options people use are understood without ssh, in both spellings and any case") {
    const auto reading = model::read_ssh_options(
        {"HostName=10.0.0.1", "user root", "PORT = 2200", "IdentityFile=~/a", "IdentityFile ~/b",
         "StrictHostKeyChecking=no", "UserKnownHostsFile /dev/null", "ConnectTimeout=5", "ProxyJump=none"});
    REQUIRE(reading);
    CHECK(reading->unknown.empty());
    const auto& options = reading->options;
    CHECK(options.hostname == "10.0.0.1");
    CHECK(options.user == "root");
    CHECK(options.port == 2200);
    CHECK(options.identity_files == std::vector<std::string>{"~/a", "~/b"});
    CHECK(options.strict_host_key_checking == "no");
    CHECK(options.user_known_hosts == std::vector<std::string>{"/dev/null"});
    CHECK(options.connect_timeout == std::chrono::seconds(5));
    CHECK(options.proxy_jump.empty());
}

TEST_CASE("what only ssh understands is named, never ignored") {
    for (const std::string option : {"BindAddress=10.0.0.1", "NoSuchOption=1", "HostName=%h.example",
                                     "Ciphers=+aes128-cbc", "Port=ssh", "KexAlgorithms=^x", "UserKnownHostsFile=a b"}) {
        CAPTURE(option);
        const auto reading = model::read_ssh_options({option});
        REQUIRE(reading);
        CHECK(reading->unknown == std::vector<std::string>{option});
    }
}

TEST_CASE("the first word for a key counts, as in ssh") {
    const auto reading = model::read_ssh_options({"User=a", "User=b"});
    REQUIRE(reading);
    CHECK(reading->options.user == "a");
}

TEST_CASE("an option without a value is a mistake") {
    for (const std::string option : {"User", "User=", "=x", "", "  "}) {
        CAPTURE(option);
        const auto reading = model::read_ssh_options({option});
        REQUIRE_FALSE(reading);
        CHECK(reading.error().code() == Code::bad_request);
    }
}
