// SPDX-License-Identifier: Apache-2.0
#include "model/job_stream.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc::model;
using vmc::always;

namespace {
const std::string nonce = "0123456789abcdef";
}

TEST_CASE("an answer cut anywhere and taken up again gives each byte once") {
    always([] {
        const auto log = *rc::gen::container<std::string>(*rc::gen::inRange(0, 20000), rc::gen::arbitrary<char>());
        JobPosition position;
        std::string delivered;
        for (int rounds = 0; position.offset() < log.size() && rounds < 50; ++rounds) {
            JobReader reader(position, nonce, false);
            const auto from = position.ask_from();
            const std::string sent = "noise of a login\n\nvmc-data-" + nonce + "\n" + log.substr(from);
            const auto cut = *rc::gen::inRange<std::size_t>(1, sent.size() + 1);
            for (std::size_t at = 0; at < cut;) {
                const auto piece = *rc::gen::inRange<std::size_t>(1, 3000);
                delivered += reader.take(sent.substr(at, std::min(piece, cut - at)));
                at += piece;
            }
            RC_ASSERT(!reader.rewritten());
            RC_ASSERT(delivered == log.substr(0, position.offset()));
        }
    });
}

TEST_CASE("a log that is not the one that was delivered is noticed") {
    JobPosition position(10, "0123456789");
    JobReader reader(position, nonce, true);
    CHECK(reader.take("01234x").empty());
    CHECK(reader.rewritten());
    CHECK(reader.take("6789new") == "new");
    CHECK(position.offset() == 13);
}

TEST_CASE("a log that was rolled back goes on where it is now") {
    JobPosition position(10, "0123456789");
    position.rolled_back(7);
    CHECK(position.offset() == 7);
    CHECK(position.ask_from() == 0);
    CHECK(position.last() == "0123456");
    position.rolled_back(0);
    CHECK(position.last().empty());
}

TEST_CASE("only the last bytes are kept, however much was delivered") {
    JobPosition position;
    const std::string piece(3000, 'x');
    for (int i = 0; i < 10; ++i) position.delivered(piece);
    CHECK(position.offset() == 30000);
    CHECK(position.last().size() == overlap);
    CHECK(position.ask_from() == 30000 - overlap);
}

TEST_CASE("an answer that is a refusal is header and no data") {
    JobPosition position;
    JobReader reader(position, nonce, false);
    CHECK(reader.take("\nvmc-begin-" + nonce + "\nrefused=absent\nwhy=there is none\n").empty());
    CHECK_FALSE(reader.begun());
    CHECK(reader.header().find("refused=absent") != std::string::npos);
    CHECK(position.offset() == 0);
}

TEST_CASE("an end that is blank is counted as far as it is kept") {
    using namespace std::string_literals;
    JobPosition position;
    CHECK(position.blank_end() == 0);
    position.delivered("a\0b\0\0"s);
    CHECK(position.blank_end() == 2);
    position.delivered("c");
    CHECK(position.blank_end() == 0);
    position.delivered(std::string(10000, '\0'));
    CHECK(position.blank_end() == overlap);
}
