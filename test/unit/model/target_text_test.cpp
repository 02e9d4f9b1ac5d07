// SPDX-License-Identifier: Apache-2.0
#include "model/target_text.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {
HostText read(std::string_view text) {
    const auto host = parse_host(text);
    REQUIRE_MESSAGE(host.has_value(), text);
    return *host;
}
}  // namespace

TEST_CASE("a host is understood as people write it") {
    CHECK(read("web-1") == HostText{"web-1", {}, {}});
    CHECK(read("root@web_1.example") == HostText{"web_1.example", "root", {}});
    CHECK(read("root@192.0.2.1:2222") == HostText{"192.0.2.1", "root", 2222});
    CHECK(read("ssh://root@web-1:22") == HostText{"web-1", "root", 22});
    CHECK(read("ssh://web-1/") == HostText{"web-1", {}, {}});
    CHECK(read("me@corp.example@web-1") == HostText{"web-1", "me@corp.example", {}});
}

TEST_CASE("an IPv6 address needs brackets only for a port") {
    CHECK(read("[::1]:22") == HostText{"::1", {}, 22});
    CHECK(read("[::1]") == HostText{"::1", {}, {}});
    CHECK(read("::1") == HostText{"::1", {}, {}});
    CHECK(read("root@fe80::1%eth0") == HostText{"fe80::1%eth0", "root", {}});
    CHECK(read("[fe80::1%eth0]:2222") == HostText{"fe80::1%eth0", {}, 2222});
    CHECK(read("::ffff:192.0.2.1") == HostText{"::ffff:192.0.2.1", {}, {}});
}

TEST_CASE("what is no host is refused in one line that names the fault") {
    const std::pair<std::string, std::string> faults[] = {{"", "no host"},
                                                          {"root@", "no host"},
                                                          {":22", "no host"},
                                                          {"@web", "user"},
                                                          {"-oProxyCommand=x", "host name"},
                                                          {"-l@web", "user"},
                                                          {"web:0", "port"},
                                                          {"web:70000", "port"},
                                                          {"web:ssh", "port"},
                                                          {"web:", "port"},
                                                          {"web:-1", "port"},
                                                          {"web: 22", "port"},
                                                          {"$(id)", "host name"},
                                                          {"a;b", "host name"},
                                                          {"a b", "host name"},
                                                          {"ro'ot@web", "user"},
                                                          {"a\nb", "host name"},
                                                          {"[::1", "brackets"},
                                                          {"[::1]x", "brackets"},
                                                          {"[web]:22", "IPv6"},
                                                          {"fe80::1%", "host name"},
                                                          {"1:2:x", "host name"},
                                                          {"ssh://web/etc", "path"}};
    for (const auto& [text, fault] : faults) {
        CAPTURE(text);
        const auto host = parse_host(text);
        REQUIRE_FALSE(host);
        CHECK(host.error().code() == Code::bad_request);
        CHECK(host.error().message().find(fault) != std::string::npos);
        CHECK(host.error().message().find('\n') == std::string::npos);
    }
}

TEST_CASE("whatever passes is safe as a word of a command line") {
    always([](const std::string& text) {
        const auto host = parse_host(text);
        if (!host) return;
        RC_ASSERT(host->host.find_first_of(" '\"$`;|&<>\\\n\t(){}*?[]!#~=,") == std::string::npos);
        RC_ASSERT(host->host.front() != '-');
    });
}
