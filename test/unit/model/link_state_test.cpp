// SPDX-License-Identifier: Apache-2.0
#include "model/link_state.hpp"

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;
using enum Action;

namespace {

constexpr Instant at(Duration since_start) { return Instant(since_start); }
Error failure(Code code) { return Error(code, Stage::tcp, "for the story"); }
ConnectFailed failing(Code code, Duration retry = 9s) { return {failure(code), at(retry)}; }
Ended ending(Code code, Duration retry = 9s) { return {failure(code), at(retry)}; }

/// A link that lives through events and keeps the log people would read.
class Life {
public:
    Life& on(const LinkEvent& event) {
        now_ += 1s;
        last_ = step(state, event, now_);
        state = last_.next;
        return *this;
    }
    std::string log() const {
        constexpr std::string_view names[] = {"start", "cancel", "set", "unset", "replace", "close", "tell"};
        std::string text{slug(state)};
        for (const Action action : last_.actions) (text += ' ') += names[static_cast<std::size_t>(action)];
        return text;
    }
    LinkState state = Idle{};

private:
    Instant now_{};
    Step last_{Idle{}, {}};
};

Life online() { return Life().on(ConnectWanted{}).on(Connected{}); }
Life suspect() { return online().on(WentQuiet{at(1s), Liveness::suspect_path}); }

}  // namespace

TEST_CASE("a link that is wanted connects, and a failed attempt is repeated later") {
    Life life;
    CHECK(life.log() == "idle");
    CHECK(life.on(ConnectWanted{}).log() == "connecting start tell");
    CHECK(life.on(failing(Code::refused)).log() == "waiting set tell");
    CHECK(std::get<Waiting>(life.state).until == at(9s));
    CHECK(life.on(TimerFired{}).log() == "connecting start tell");
    CHECK(std::get<Connecting>(life.state).attempt == 2);
    CHECK(life.on(Connected{}).log() == "online replace tell");
}

TEST_CASE("a connection that ended is replaced by itself") {
    Life life = online();
    CHECK(life.on(ending(Code::lost)).log() == "waiting set tell");
    CHECK(life.on(TimerFired{}).log() == "connecting start tell");
    CHECK(std::get<Connecting>(life.state).attempt == 1);
}

TEST_CASE("somebody who wants the host now does not wait for the timer") {
    CHECK(online().on(ending(Code::lost)).on(ConnectWanted{}).log() == "connecting unset start tell");
}

TEST_CASE("a quiet session is kept, and a new one is opened beside it") {
    Life life = suspect();
    CHECK(life.log() == "suspect tell start");
    CHECK(std::get<Suspect>(life.state).last_received == at(1s));
    CHECK(life.on(Connected{}).log() == "online replace tell");
}

TEST_CASE("a quiet session that answers again goes on, and the attempt beside it is dropped") {
    CHECK(suspect().on(AnsweredAgain{}).log() == "online cancel tell");
    CHECK(suspect().on(failing(Code::timed_out)).on(AnsweredAgain{}).log() == "online unset tell");
}

TEST_CASE("beside a quiet session attempts are repeated as without one") {
    Life life = suspect();
    CHECK(life.on(failing(Code::timed_out)).log() == "suspect set");
    CHECK(life.on(TimerFired{}).log() == "suspect start");
    CHECK(std::get<Suspect>(life.state).attempt == 2);
}

TEST_CASE("when the quiet session ends, the attempt beside it goes on as the only one") {
    CHECK(suspect().on(ending(Code::lost)).log() == "connecting tell");
    CHECK(suspect().on(failing(Code::timed_out)).on(ending(Code::lost)).log() == "waiting tell");
}

TEST_CASE("a denied login beside a quiet session is not repeated, but the session is not dropped") {
    Life life = suspect().on(failing(Code::auth_denied));
    CHECK(life.log() == "suspect tell");
    CHECK(life.on(TimerFired{}).log() == "suspect");
    SUBCASE("it may answer again") { CHECK(life.on(AnsweredAgain{}).log() == "online tell"); }
    SUBCASE("or end") { CHECK(life.on(ending(Code::lost)).log() == "stopped tell"); }
}

TEST_CASE("another key at the address stops the link even when the old session answers") {
    Life life = suspect().on(failing(Code::host_key_changed)).on(AnsweredAgain{});
    CHECK(life.log() == "stopped tell");
    CHECK(std::get<Stopped>(life.state).why->code() == Code::host_key_changed);
}

TEST_CASE("a hard stop is never retried by itself") {
    for (const Code code : {Code::host_key_changed, Code::host_key_revoked, Code::host_key_unknown, Code::auth_denied,
                            Code::auth_held, Code::key_unusable, Code::bad_request}) {
        CHECK(is_hard_stop(code));
        Life life = Life().on(ConnectWanted{}).on(failing(code));
        CHECK(life.log() == "stopped tell");
        CHECK(life.on(TimerFired{}).log() == "stopped");
        CHECK(life.on(ConnectWanted{}).log() == "connecting start tell");
    }
}

TEST_CASE("what may pass by itself is retried") {
    for (const Code code : {Code::booting, Code::throttled, Code::refused, Code::timed_out, Code::unreachable,
                            Code::lost, Code::unknown_name, Code::protocol, Code::local})
        CHECK_FALSE(is_hard_stop(code));
}

TEST_CASE("a hard stop met elsewhere leaves the session to the commands that run on it") {
    CHECK(online().on(HardStop{failure(Code::host_key_changed)}).log() == "stopped tell");
}

TEST_CASE("being asked to stop ends whatever is under way") {
    CHECK(Life().on(ConnectWanted{}).on(StopWanted{}).log() == "stopped cancel tell");
    CHECK(online().on(StopWanted{}).log() == "stopped close tell");
    CHECK(suspect().on(StopWanted{}).log() == "stopped cancel close tell");
    CHECK(suspect().on(failing(Code::lost)).on(StopWanted{}).log() == "stopped unset close tell");
    CHECK(online().on(ending(Code::lost)).on(StopWanted{}).log() == "stopped unset tell");
}

TEST_CASE("in any order of events there is at most one attempt and one timer, and each is ended or used") {
    always([](const std::vector<std::uint8_t>& choices) {
        Life life;
        bool attempt = false, timer = false;
        const LinkEvent events[] = {ConnectWanted{},
                                    Connected{},
                                    failing(Code::refused),
                                    failing(Code::auth_denied),
                                    WentQuiet{},
                                    AnsweredAgain{},
                                    ending(Code::lost),
                                    TimerFired{},
                                    StopWanted{},
                                    HardStop{failure(Code::host_key_changed)}};
        for (const auto choice : choices) {
            const LinkEvent& event = events[choice % std::size(events)];
            const bool result =
                std::holds_alternative<Connected>(event) || std::holds_alternative<ConnectFailed>(event);
            if (result && !attempt) continue;  // nothing is under way that could say so
            if (std::holds_alternative<TimerFired>(event) && !timer) continue;
            if (result) attempt = false;
            if (std::holds_alternative<TimerFired>(event)) timer = false;
            const Step taken = step(life.state, event, Instant{});
            for (const Action action : taken.actions) {
                if (action == start_connect) {
                    RC_ASSERT(!attempt);
                    attempt = true;
                }
                if (action == cancel_connect) {
                    RC_ASSERT(attempt);
                    attempt = false;
                }
                if (action == set_timer) {
                    RC_ASSERT(!timer);
                    timer = true;
                }
                if (action == cancel_timer) {
                    RC_ASSERT(timer);
                    timer = false;
                }
            }
            life.state = taken.next;
            const auto* quiet = std::get_if<Suspect>(&life.state);
            RC_ASSERT(attempt == (std::holds_alternative<Connecting>(life.state) ||
                                  (quiet && !quiet->retry_at && !quiet->gave_up)));
            RC_ASSERT(timer == (std::holds_alternative<Waiting>(life.state) || (quiet && quiet->retry_at)));
        }
    });
}
