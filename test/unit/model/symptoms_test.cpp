// SPDX-License-Identifier: Apache-2.0
#include "model/symptoms_of.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

Login after(Code code, Stage stage, Duration took = 0ms, std::string words = "", Setting setting = Setting::direct) {
    Circumstances around;
    around.setting = setting;
    around.ssh_error = Error(code, stage, words).said(words).after(took);
    return symptoms_of({}, around).login();
}

Evidence of(Layer layer, std::string check, Answer answer, std::string detail = "") {
    return {layer, std::move(check), answer, std::move(detail), 5ms};
}

}  // namespace

TEST_CASE("every value of every feature has a name of its own and a sentence") {
    for (const Feature feature : all_features()) {
        std::set<std::string_view> names, sentences;
        const auto& values = values_of(feature);
        CHECK(values.front() == "unknown");
        for (std::uint8_t value = 0; value < values.size(); ++value) {
            CHECK(names.insert(values[value]).second);
            CHECK(sentences.insert(words(feature, value)).second);
            CHECK(parse_value(feature, values[value]) == value);
        }
        CHECK_FALSE(parse_value(feature, "no such value").has_value());
        CHECK(question(feature).empty() == (feature == Feature::company));
    }
}

TEST_CASE("each way a login fails is a symptom of its own") {
    CHECK(after(Code::unknown_name, Stage::resolve) == Login::no_name);
    CHECK(after(Code::refused, Stage::tcp) == Login::refused);
    CHECK(after(Code::timed_out, Stage::tcp) == Login::silent);
    CHECK(after(Code::unreachable, Stage::tcp, 1ms) == Login::rejected);
    CHECK(after(Code::unreachable, Stage::tcp, 3s) == Login::no_neighbour);
    CHECK(after(Code::unreachable, Stage::tcp, 700ms) == Login::unknown);
    CHECK(after(Code::timed_out, Stage::banner) == Login::no_banner);
    CHECK(after(Code::lost, Stage::banner) == Login::hung_up);
    CHECK(after(Code::throttled, Stage::banner) == Login::throttled);
    CHECK(after(Code::timed_out, Stage::key_exchange) == Login::kex_silent);
    CHECK(after(Code::lost, Stage::key_exchange) == Login::kex_ended);
    CHECK(after(Code::host_key_changed, Stage::host_key) == Login::stranger);
    CHECK(after(Code::auth_denied, Stage::authentication) == Login::denied);
    CHECK(after(Code::auth_held, Stage::authentication) == Login::denied);
    CHECK(after(Code::booting, Stage::authentication, 0ms, "System is booting up.") == Login::booting);
    CHECK(after(Code::booting, Stage::authentication, 0ms, "The system is going down now") == Login::going_down);
    CHECK(after(Code::timed_out, Stage::command) == Login::exec_silent);
    CHECK(after(Code::protocol, Stage::command) == Login::exec_failed);
    CHECK(after(Code::channel_refused, Stage::channel) == Login::no_channel);
    CHECK(after(Code::restricted_shell, Stage::command) == Login::restricted);
}

TEST_CASE("a refusal that came as ICMP is a firewall's, not the kernel's") {
    CHECK(after(Code::refused, Stage::tcp, 1ms, "192.0.2.7 port 22: rejected by ICMP") == Login::rejected);
}

TEST_CASE("what we did not try, and what failed on our side, is no symptom of the VM") {
    CHECK(after(Code::held, Stage::banner) == Login::unknown);
    CHECK(after(Code::local, Stage::tcp) == Login::unknown);
    CHECK(after(Code::cancelled, Stage::none) == Login::unknown);
    CHECK(after(Code::key_unusable, Stage::config) == Login::unknown);
}

TEST_CASE("a proxy command that ends at once is the way there, not the VM") {
    CHECK(after(Code::lost, Stage::tcp, 1ms, "", Setting::forwarded) == Login::no_proxy);
    CHECK(after(Code::lost, Stage::tcp, 1ms, "", Setting::direct) == Login::hung_up);
}

TEST_CASE("silence weighs only where there was an answer before") {
    const std::vector<Evidence> silent = {of(Layer::icmp, "icmp-echo", Answer::fails),
                                          of(Layer::closed_port, "closed-port", Answer::fails)};
    Circumstances around;
    CHECK_FALSE(symptoms_of(silent, around).knows(Feature::echo));
    CHECK_FALSE(symptoms_of(silent, around).knows(Feature::closed_port));
    around.answered_ping_before = around.refused_before = true;
    CHECK(symptoms_of(silent, around).knows(Feature::echo));
    CHECK(symptoms_of(silent, around).knows(Feature::closed_port));
}

TEST_CASE("of what the system reports the worst with a name counts") {
    CHECK(system_of({}) == System::unknown);
    CHECK(system_of({of(Layer::system, "uptime", Answer::works)}) == System::well);
    CHECK(system_of({of(Layer::system, "load", Answer::fails)}) == System::other);
    CHECK(system_of({of(Layer::system, "load", Answer::fails), of(Layer::system, "disk-space", Answer::fails)}) ==
          System::disk_full);
    CHECK(system_of({of(Layer::storage, "disk-write", Answer::fails, "4 KiB and fsync not done after 5 s"),
                     of(Layer::system, "clock", Answer::fails)}) == System::write_stuck);
    CHECK(system_of({of(Layer::storage, "disk-write", Answer::fails, "cannot write 4 KiB")}) == System::other);
}
