// SPDX-License-Identifier: Apache-2.0
#include "edge/os/child.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "edge/os/system_clock.hpp"

using namespace vmc;
using namespace vmc::edge;
using namespace std::chrono_literals;

namespace {
Instant in(Duration span) { return SystemClock::read() + span; }
Result<ChildEnd> sh(const std::string& line, Duration within = 20s, std::string_view input = {}) {
    return run_child({"sh", "-c", line}, input, in(within));
}
/// Processes of a group that run; one that nobody has reaped is none.
int runs_in(int group) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "stat");
        std::string line;
        std::getline(file, line);
        std::istringstream rest(line.substr(std::min(line.rfind(')') + 1, line.size())));
        char state = 'Z';
        int parent = 0, of = 0;
        rest >> state >> parent >> of;
        count += of == group && state != 'Z';
    }
    return count;
}

}  // namespace

TEST_CASE("a program is given its words and its input, and its answer comes back whole") {
    const auto words = run_child({"printf", "%s,", "a b", "$HOME", ""}, "", in(20s));
    REQUIRE(words);
    CHECK(words->code == 0);
    CHECK(words->out == "a b,$HOME,,");
    const std::string long_input(3'000'000, 'x');
    const auto counted = sh("wc -c; echo done >&2; exit 7", 20s, long_input);
    REQUIRE(counted);
    CHECK(counted->out == "3000000\n");
    CHECK(counted->err == "done\n");
    CHECK(counted->code == 7);
    const auto deaf = sh("exit 3", 20s, long_input);  // reads nothing of it
    CHECK(deaf->code == 3);
    CHECK_FALSE(deaf->late);
}

TEST_CASE("a program that does not end in time is ended with all that it started") {
    const auto begun = SystemClock::read();
    const auto ended = sh("trap '' TERM; echo $$; sleep 4723 & wait; sleep 4723", 300ms);
    REQUIRE(ended);
    CHECK(ended->late);
    CHECK_FALSE(ended->code.has_value());
    CHECK(SystemClock::read() - begun < 10s);
    const int group = std::stoi(ended->out);
    for (int i = 0; i < 100 && runs_in(group) > 0; ++i) (void)run_child({"sleep", "0.05"}, "", in(5s));
    CHECK(runs_in(group) == 0);
}

TEST_CASE("a grandchild that keeps the output open holds nobody up") {
    const auto begun = SystemClock::read();
    const auto ended = sh("sleep 5 & echo here");
    REQUIRE(ended);
    CHECK(ended->out == "here\n");
    CHECK(ended->code == 0);
    CHECK(SystemClock::read() - begun < 4s);
}

TEST_CASE("endless output is bounded, and a wish to stop is heard") {
    const auto late = run_child({"yes"}, "", in(1s));
    REQUIRE(late);
    CHECK(late->late);
    CHECK(late->out.size() == std::size_t{1} << 20U);
    const auto begun = SystemClock::read();
    const auto stopped = run_child({"sleep", "60"}, "", in(60s), [n = 0]() mutable { return ++n > 3; });
    REQUIRE(stopped);
    CHECK(stopped->late);
    CHECK(SystemClock::read() - begun < 20s);
}

TEST_CASE("what is not there cannot be started") {
    const auto none = run_child({"/no/such/program"}, "", in(5s));
    REQUIRE_FALSE(none);
    CHECK(none.error().code() == Code::local);
    CHECK_FALSE(run_child({}, "", in(5s)));
    const auto killed = sh("kill -9 $$");
    CHECK_FALSE(killed->code.has_value());
    CHECK_FALSE(killed->late);
}
