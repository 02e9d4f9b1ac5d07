// SPDX-License-Identifier: Apache-2.0
#include "model/etiquette.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <vector>

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

TEST_CASE("a VM that never saw an abandoned connection may be reached at once") {
    CHECK(Etiquette().may_connect_at(Instant(5s)) == Instant(5s));
}

TEST_CASE("a third handshake waits for one of the two under way") {
    Etiquette etiquette;
    etiquette.handshake_began();
    CHECK(etiquette.may_connect_at(Instant(1s)) == Instant(1s));
    etiquette.handshake_began();
    CHECK(etiquette.may_connect_at(Instant(1s)) == never);
    etiquette.handshake_ended();
    CHECK(etiquette.may_connect_at(Instant(2s)) == Instant(2s));
}

TEST_CASE("however often connections are abandoned, no ten minutes hold more than four") {
    rc::check([](const std::vector<std::uint16_t>& pauses) {
        Etiquette etiquette;
        std::vector<Instant> made;
        Instant now{};
        for (const auto pause : pauses) {
            now = etiquette.may_connect_at(now + std::chrono::milliseconds(pause));
            etiquette.abandoned(now);
            made.push_back(now);
            if (made.size() > 4) RC_ASSERT(made.back() - made[made.size() - 5] >= Etiquette::window);
        }
    });
}
