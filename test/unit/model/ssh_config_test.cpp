// SPDX-License-Identifier: Apache-2.0
#include "model/ssh_config.hpp"

#include <doctest/doctest.h>

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

TEST_CASE("a distribution's own configuration need not be asked") {
    const std::string debian =
        "# comment\n\nInclude /etc/ssh/ssh_config.d/*.conf\n\nHost *\n#   Port 22\n"
        "    SendEnv LANG LC_*\n    HashKnownHosts yes\n    GSSAPIAuthentication yes\n";
    const ConfigScan scan = scan_config(debian);
    CHECK_FALSE(scan.may_matter);
    CHECK(scan.includes == std::vector<std::string>{"/etc/ssh/ssh_config.d/*.conf"});
    CHECK(config_may_matter(debian));
    CHECK_FALSE(config_may_matter("Host *\n  ForwardX11 no\r\n"));
    CHECK_FALSE(config_may_matter(""));
}

TEST_CASE("anything that may change how a host is reached is asked for") {
    for (const auto* text :
         {"HostName x", "  port=22", "Match all", "User root", "ProxyJump gw", "IdentityFile ~/.ssh/x", "hOsTnAmE x",
          "Ciphers aes128-ctr", "Unheard of", "StrictHostKeyChecking no", "garbage"})
        CHECK_MESSAGE(scan_config(text).may_matter, text);
}

TEST_CASE("an Include may name several files, quoted or with an equals sign") {
    CHECK(scan_config("Include a \"b c\"\ninclude=d").includes == std::vector<std::string>{"a", "b c", "d"});
}

TEST_CASE("what ssh -G prints is taken over") {
    const auto options = parse_ssh_g(
        "user admin\nhostname 192.0.2.1\nport 2222\nidentitiesonly yes\n"
        "identityfile ~/.ssh/a\nidentityfile ~/.ssh/b c\nuserknownhostsfile ~/.ssh/k1 ~/.ssh/k2\n"
        "globalknownhostsfile /etc/ssh/ssh_known_hosts\nstricthostkeychecking accept-new\n"
        "connecttimeout 7\nciphers a,b\nkexalgorithms c\nhostkeyalias blade\nproxyjump gw\n"
        "identityagent none\n");
    REQUIRE(options);
    CHECK(options->hostname == "192.0.2.1");
    CHECK(options->user == "admin");
    CHECK(options->port == 2222);
    CHECK(options->identities_only);
    CHECK(options->identity_files == std::vector<std::string>{"~/.ssh/a", "~/.ssh/b c"});
    CHECK(options->user_known_hosts == std::vector<std::string>{"~/.ssh/k1", "~/.ssh/k2"});
    CHECK(options->connect_timeout == 7s);
    CHECK(options->proxy_jump == "gw");
    CHECK(options->host_key_alias == "blade");
    CHECK(options->no_agent);
}

TEST_CASE("none means none") {
    const auto options = parse_ssh_g("hostname h\nport 22\nproxyjump none\nproxycommand none\nconnecttimeout none\n");
    REQUIRE(options);
    CHECK(options->proxy_jump.empty());
    CHECK(options->proxy_command.empty());
    CHECK_FALSE(options->connect_timeout);
    CHECK_FALSE(options->no_agent);
}

TEST_CASE("an answer without host or port is refused") {
    CHECK_FALSE(parse_ssh_g(""));
    CHECK_FALSE(parse_ssh_g("hostname h\nport 0\n"));
}
