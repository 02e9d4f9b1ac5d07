// SPDX-License-Identifier: Apache-2.0
#include "model/known_hosts.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

#include "model/base64.hpp"
#include "model/sha1.hpp"

using namespace vmc::model;
using Kind = HostKeyVerdict::Kind;

namespace {

const std::string ed = "ssh-ed25519";
const std::string key1 = "AAAAC3NzaC1lZDI1NTE5AAAAIGqJgC0lo5fYmxGhLMM8OekkCckIOIeXiRoo0aun1y6I";
const std::string key2 = "AAAAC3NzaC1lZDI1NTE5AAAAIAYUl55xxQeGoRmnJAIAULqflDyhEyvBNO1scEAQHUc3";
const std::string rsa_key =
    "AAAAB3NzaC1yc2EAAAADAQABAAAAgQDmes2x9MIk5ZVjg5A2K48VajsWVG8RmoCcMumJ4cs1s++V6Z7quCWzmzNt0Nyo6lekYPVjwoMud9hw"
    "sYNGKk04bwbKyZpDhlJpX4RiVA2BfD9rUS3ZZgCG7+Niw0S8lYKGWRXub4QIGfvvboLkyFua+yzZWEQBbVNT5ZYQQrZfHw==";

KnownHosts file(const std::string& text) {
    KnownHosts hosts;
    hosts.add(text, "known_hosts");
    return hosts;
}
std::string hex(const Sha1& digest) {
    std::string text;
    for (const auto byte : digest) ((text += "0123456789abcdef"[byte >> 4]) += "0123456789abcdef"[byte & 15]);
    return text;
}

}  // namespace

TEST_CASE("SHA-1 and its HMAC are those of RFC 3174 and RFC 2202") {
    CHECK(hex(sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(hex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK(hex(sha1(std::string(1000000, 'a'))) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    CHECK(hex(hmac_sha1(std::string(20, '\x0b'), "Hi There")) == "b617318655057264e28bc0b6fb378c8ef146be00");
    CHECK(hex(hmac_sha1("Jefe", "what do ya want for nothing?")) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    CHECK(hex(hmac_sha1(std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
          "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

TEST_CASE("base64 is read strictly") {
    CHECK(base64_decode("") == "");
    CHECK(base64_decode("Zg==") == "f");
    CHECK(base64_decode("Zm8=") == "fo");
    CHECK(base64_decode("Zm9vYmFy") == "foobar");
    for (const auto* text : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "Zm 9", "Zm9v\n", "Zm9_"})
        CHECK_FALSE(base64_decode(text));
}

TEST_CASE("a key is known, unknown or changed") {
    const KnownHosts hosts = file("web-1,192.0.2.1 " + ed + " " + key1 + " root@web\n");
    CHECK(hosts.check("web-1", 22, ed, key1).kind == Kind::known);
    CHECK(hosts.check("192.0.2.1", 22, ed, key1).kind == Kind::known);
    CHECK(hosts.check("WEB-1", 22, ed, key1).kind == Kind::known);
    CHECK(hosts.check("web-2", 22, ed, key1).kind == Kind::unknown);
    const HostKeyVerdict changed = hosts.check("web-1", 22, ed, key2);
    CHECK(changed.kind == Kind::changed);
    CHECK(changed.because.line == 1);
    CHECK(changed.because.file == "known_hosts");
}

TEST_CASE("a host that offers another type than the one we know has changed") {
    CHECK(file("web-1 " + ed + " " + key1 + "\n").check("web-1", 22, "ssh-rsa", rsa_key).kind == Kind::changed);
}

TEST_CASE("of several keys one that fits is enough, and their types are asked for") {
    const KnownHosts hosts =
        file("web-1 ssh-rsa " + rsa_key + "\nweb-1 " + ed + " " + key1 + "\nweb-1 " + ed + " " + key2 + "\n");
    CHECK(hosts.check("web-1", 22, ed, key2).kind == Kind::known);
    CHECK(hosts.known_types("web-1", 22) == std::vector<std::string>{"ssh-rsa", ed});
    CHECK(hosts.known_types("web-2", 22).empty());
}

TEST_CASE("hashed names written by ssh-keygen are found, with their port") {
    const KnownHosts hosts = file("|1|GIMw2SErw8sJjILhsGF94dJRqcI=|gBNoUnSsdfTPiawrTKzryTfvBpU= " + ed + " " + key1 +
                                  "\n"
                                  "|1|mXEBxtfv/0kyCY0qfZsFkvvFS9o=|Dc47c7H2MX3LqYiFyqpBKNm7RZQ= " +
                                  ed + " " + key2 + "\n");
    CHECK(hosts.skipped() == 0);
    CHECK(hosts.check("web-1", 22, ed, key1).kind == Kind::known);
    CHECK(hosts.check("web-1", 2222, ed, key2).kind == Kind::known);
    CHECK(hosts.check("web-1", 2222, ed, rsa_key).kind == Kind::changed);
    CHECK(hosts.check("web-2", 22, ed, key1).kind == Kind::unknown);
}

TEST_CASE("a port of its own is another name, but a key known without the port is known") {
    const KnownHosts hosts = file("web-1 " + ed + " " + key1 + "\n[::1]:2222 " + ed + " " + key2 + "\n");
    CHECK(hosts.check("web-1", 2222, ed, key1).kind == Kind::known);
    CHECK(hosts.check("web-1", 2222, ed, key2).kind == Kind::unknown);
    CHECK(hosts.check("::1", 2222, ed, key2).kind == Kind::known);
    CHECK(hosts.check("::1", 22, ed, key2).kind == Kind::unknown);
}

TEST_CASE("an alias stands for host and port") {
    const KnownHosts hosts = file("blade " + ed + " " + key1 + "\n");
    CHECK(hosts.check("10.0.0.1", 2200, ed, key1, "blade").kind == Kind::known);
    CHECK(hosts.check("blade", 22, ed, key1, "other").kind == Kind::unknown);
}

TEST_CASE("wildcards match and negation refuses") {
    const KnownHosts hosts = file("*.lab.example,!gw.lab.example,10.0.0.? " + ed + " " + key1 + "\n");
    CHECK(hosts.check("a.lab.example", 22, ed, key1).kind == Kind::known);
    CHECK(hosts.check("gw.lab.example", 22, ed, key1).kind == Kind::unknown);
    CHECK(hosts.check("10.0.0.7", 22, ed, key1).kind == Kind::known);
    CHECK(hosts.check("10.0.0.77", 22, ed, key1).kind == Kind::unknown);
}

TEST_CASE("a revoked key is refused even where it is known") {
    const KnownHosts hosts = file("web-1 " + ed + " " + key1 + "\n@revoked * " + ed + " " + key1 + "\n");
    CHECK(hosts.check("web-1", 22, ed, key1).kind == Kind::revoked);
    CHECK(hosts.check("web-9", 22, ed, key1).kind == Kind::revoked);
    CHECK(hosts.check("web-9", 22, ed, key2).kind == Kind::unknown);
}

TEST_CASE("an authority is kept but is no host key") {
    const KnownHosts hosts = file("@cert-authority *.example " + ed + " " + key1 + "\n");
    CHECK(hosts.check("a.example", 22, ed, key2).kind == Kind::unknown);
    REQUIRE(hosts.lookup("a.example", 22).size() == 1);
    CHECK(hosts.lookup("a.example", 22)[0].marker == KnownKey::Marker::cert_authority);
}

TEST_CASE("comments, empty lines and CRLF are read over, garbage is counted") {
    const KnownHosts hosts = file("# comment\r\n\r\n  \t\nweb-1 " + ed + " " + key1 +
                                  "\r\n"
                                  "garbage\nweb-2 ssh-ed25519 AAAA\nweb-3 ssh-rsa " +
                                  key1 + "\n@wrong x " + ed + " " + key1 + "\n|1|AAAA|BBBB " + ed + " " + key1 +
                                  "\n|2|x|y " + ed + " " + key1 + "\nweb-4 1024 35 1234567");
    CHECK(hosts.size() == 1);
    CHECK(hosts.skipped() == 7);
    CHECK(hosts.check("web-1", 22, ed, key1).because.line == 4);
}

TEST_CASE("what is appended for a new key is found again") {
    vmc::always([](std::uint16_t port, bool with_alias) {
        const std::string alias = with_alias ? "Blade" : "";
        const KnownHosts hosts = file(known_hosts_line("Web-1", port, ed, key1, alias));
        RC_ASSERT(hosts.check("web-1", port, ed, key1, alias).kind == Kind::known);
    });
}

TEST_CASE("any bytes can be parsed") {
    vmc::always([](const std::string& text) { static_cast<void>(file(text).check("a", 22, ed, key1)); });
}

TEST_CASE("a file of many hashed names hides none of them") {
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += "|1|" + std::to_string(100000 + i) + "AAAAAAAAAAAAAAAAAAAAA=|gBNoUnSsdfTPiawrTKzryTfvBpU= " + ed + " " +
                key1 + "\n";
    text += "|1|GIMw2SErw8sJjILhsGF94dJRqcI=|gBNoUnSsdfTPiawrTKzryTfvBpU= " + ed + " " + key2 + "\n";
    const KnownHosts hosts = file(text);
    REQUIRE(hosts.size() == 1001);
    CHECK(hosts.check("web-1", 22, ed, key2).because.line == 1001);
}
