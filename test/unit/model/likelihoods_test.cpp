// SPDX-License-Identifier: Apache-2.0
#include "model/likelihoods.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {

Likelihoods small() {
    std::vector<Likelihoods::Row> rows(2);
    rows[0].cause = "none";
    rows[0].episodes = 30;
    rows[1].cause = "path-dead";
    rows[1].setting = Setting::local;
    rows[1].alive = false;
    rows[1].episodes = 12;
    for (auto& row : rows)
        for (const Feature feature : all_features())
            row.counts[static_cast<std::size_t>(feature)].assign(values_of(feature).size(), 0.0);
    rows[0].counts[0][static_cast<std::size_t>(Login::works)] = 29;
    rows[1].counts[0][static_cast<std::size_t>(Login::silent)] = 7;
    rows[1].counts[2][static_cast<std::size_t>(Echo::silent)] = 3;
    return {std::move(rows), 0.75, Provenance{"1-42", "2026-11-27", ""}};
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("no channel is looked at that the table has not counted") {
    for (const Feature feature : all_features()) {
        CAPTURE(slug(feature));
        const auto counted = [&](const Likelihoods::Row& row) {
            const auto& counts = row.counts[static_cast<std::size_t>(feature)];
            return std::ranges::any_of(counts, [](double count) { return count > 0; });
        };
        CHECK(std::ranges::any_of(Likelihoods::built_in().rows(), counted));
    }
}

TEST_CASE("the table that is built in can be read, and knows each cause in each setting it can happen in") {
    const auto& table = Likelihoods::built_in();
    CHECK(table.rows().size() > 30);
    CHECK(table.provenance().sha1.size() == 40);
    for (const auto& row : table.rows()) {
        CAPTURE(row.cause);
        CHECK(row.episodes > 0);
    }
}

TEST_CASE("a table that was written reads back the same") {
    const auto text = small().serialise();
    const auto read = Likelihoods::parse(text);
    REQUIRE(read.has_value());
    CHECK(read->serialise() == text);
    CHECK(read->rows()[1].setting == Setting::local);
    CHECK_FALSE(read->rows()[1].alive);
    CHECK(read->temperature() == 0.75);
    CHECK(read->provenance().seeds == "1-42");
}

TEST_CASE("a damaged table is refused, with its line") {
    const auto text = small().serialise();
    const auto wrong = [&](std::string_view what, std::string_view by) {
        const auto read = Likelihoods::parse(replaced(text, what, by));
        return read ? std::string("read") : read.error().message();
    };
    CHECK(wrong("silent=7", "silent=8").find("hashed") != std::string::npos);
    CHECK(wrong("silent=7", "shouting=7").starts_with("line 7: "));
    CHECK(wrong("silent=7", "silent=-7").starts_with("line 7: "));
    CHECK(wrong("silent=7", "silent=nan").starts_with("line 7: "));
    CHECK(wrong("silent=7", "unknown=7").starts_with("line 7: "));
    CHECK(wrong("local dead", "local undead").starts_with("line 7: "));
    CHECK(wrong("temperature 0.75", "temperature 7").starts_with("line 4: "));
    CHECK(wrong("temperature 0.75\n", "").find("not all") != std::string::npos);
    CHECK(wrong("likelihoods 1", "likelihoods 2").starts_with("line 1: "));
}

TEST_CASE("a table cut anywhere is refused or is the whole") {
    const auto text = small().serialise();
    int refused = 0;
    for (std::size_t length = 0; length < text.size(); ++length) {
        const auto read = Likelihoods::parse(std::string_view(text).substr(0, length));
        refused += !read;
        if (read) CHECK(read->serialise() == text);  // only the last newline was missing
    }
    CHECK(refused >= static_cast<int>(text.size()) - 1);
}

TEST_CASE("no bytes can harm the reader of tables") {
    always([](const std::string& bytes) { (void)Likelihoods::parse(bytes); });
    always(
        [](const std::string& bytes) { (void)Likelihoods::parse("vm-connection likelihoods 1\nrow " + bytes + "\n"); });
}

TEST_CASE("what was never seen is unlikely, not impossible") {
    const auto table = small();
    for (const auto& row : table.rows())
        for (const Feature feature : all_features()) {
            double sum = 0;
            for (std::uint8_t value = 1; value < values_of(feature).size(); ++value) {
                const double p = Likelihoods::likelihood(row, feature, value);
                CHECK(p > 0);
                sum += p;
            }
            CHECK(std::abs(sum - 1) < 1e-9);
        }
}
