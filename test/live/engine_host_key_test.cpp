// SPDX-License-Identifier: Apache-2.0
// Is it the machine we know?
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "live/engine_rig.hpp"

using namespace engine;
using namespace std::chrono_literals;
using vmc::HostKeyPolicy;

namespace {

struct HostKeyFixture {
    Rig rig;
    lab::Host host;
    std::string ours = (rig.directory / "state" / "known_hosts").string();

    Result<SessionPtr> reach(const Target& target) { return rig.connect(target); }
    std::string content() {
        std::ostringstream text;
        text << std::ifstream(ours).rdbuf();
        return text.str();
    }
    void new_key() { REQUIRE(std::system(("lab/host newkey " + host.name + " > /dev/null").c_str()) == 0); }
};

}  // namespace

TEST_CASE_FIXTURE(HostKeyFixture,
                  "an unknown host is remembered once and known from then on, also by another process") {
    CHECK(rig.online(host.target())->facts().host_key_was_new);
    CHECK_FALSE(rig.online(host.target())->facts().host_key_was_new);
    const std::string once = content();
    CHECK(std::count(once.begin(), once.end(), '\n') == 1);
    CHECK((std::filesystem::status(ours).permissions() & std::filesystem::perms(0777)) == std::filesystem::perms(0600));
    vmc::edge::SshPlaces places;
    places.own_known_hosts(ours);
    vmc::edge::SshTransport other(rig.io.get_executor(), places);
    auto session = rig.run(other.connect(host.target(), in(10s)));
    REQUIRE(session.has_value());
    CHECK_FALSE((*session)->facts().host_key_was_new);
}

TEST_CASE_FIXTURE(HostKeyFixture,
                  "a changed key is a hard stop before any key of ours is offered, until it is trusted") {
    const std::string before = rig.online(host.target())->facts().host_key;
    new_key();
    const int denials = host.denials();
    auto refused = reach(host.target());
    REQUIRE_FALSE(refused.has_value());
    const auto& error = refused.error();
    CHECK(error.code() == Code::host_key_changed);
    CHECK(error.stage() == Stage::host_key);
    CHECK(error.message().find(before) != std::string::npos);
    CHECK(error.message().find(ours + ":1") != std::string::npos);
    CHECK(error.message().find("until it is trusted") != std::string::npos);
    CHECK(host.denials() == denials);

    auto shown = rig.run(rig.transport->show_host_key(host.target(), in(10s)));
    REQUIRE(shown.has_value());
    CHECK(error.message().find(shown->fingerprint) != std::string::npos);
    REQUIRE(rig.run(rig.transport->host_keys().replace(host.target(), *shown, in(5s))).has_value());
    auto session = rig.online(host.target());
    CHECK(session->facts().host_key == shown->fingerprint);
    CHECK_FALSE(session->facts().host_key_was_new);
}

TEST_CASE_FIXTURE(HostKeyFixture, "strict refuses the unknown, and reads the user's file without writing to it") {
    auto target = host.target();
    target.host_keys(HostKeyPolicy::strict);
    auto refused = reach(target);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Code::host_key_unknown);
    CHECK_FALSE(std::filesystem::exists(ours));

    const std::string file = (rig.directory / "users").string();
    rig.online(host.target());
    std::filesystem::rename(ours, file);
    target.known_hosts({file});
    const auto written = std::filesystem::last_write_time(file);
    CHECK_FALSE(rig.online(target)->facts().host_key_was_new);
    CHECK(std::filesystem::last_write_time(file) == written);
}

TEST_CASE_FIXTURE(HostKeyFixture, "a server with several keys is asked for the one we know (L15)") {
    const std::string file = (rig.directory / "ecdsa-only").string();
    REQUIRE(std::system(("ssh-keyscan -t ecdsa " + host.address + " 2>/dev/null > " + file).c_str()) == 0);
    REQUIRE(std::filesystem::file_size(file) > 0);
    Rig fresh;
    auto target = host.target();
    target.known_hosts({file}).host_keys(HostKeyPolicy::strict);
    CHECK_FALSE(fresh.online(target)->facts().host_key_was_new);
}

TEST_CASE_FIXTURE(HostKeyFixture, "pinned takes that fingerprint and no other") {
    auto target = host.target();
    target.pin(host.fingerprint);
    CHECK_FALSE(rig.online(target)->facts().host_key_was_new);
    target.pin("SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    auto refused = reach(target);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Code::host_key_changed);
    CHECK_FALSE(std::filesystem::exists(ours));
}

TEST_CASE_FIXTURE(HostKeyFixture, "ephemeral keeps no key, but a change within one process is a stop all the same") {
    auto target = host.target();
    target.host_keys(HostKeyPolicy::ephemeral);
    CHECK(rig.online(target)->facts().host_key_was_new);
    CHECK_FALSE(rig.online(target)->facts().host_key_was_new);
    CHECK_FALSE(std::filesystem::exists(ours));
    new_key();
    auto refused = reach(target);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Code::host_key_changed);
    Rig another_process;
    CHECK(another_process.online(target)->facts().host_key_was_new);
}

TEST_CASE_FIXTURE(HostKeyFixture, "a revoked key is refused even where it is also listed as known") {
    rig.online(host.target());
    const std::string line = content();
    const std::string file = (rig.directory / "revoked").string();
    std::ofstream(file) << line << "@revoked " << line;
    auto target = host.target();
    target.known_hosts({file});
    auto refused = reach(target);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Code::host_key_revoked);
    CHECK(refused.error().message().find(file + ":2") != std::string::npos);
}
