// SPDX-License-Identifier: Apache-2.0
// Every reader of foreign bytes against thousands of damaged inputs, the same for the same seed. libFuzzer runs over
// the same readers under `./check --full` (test/fuzz/libfuzzer).
#include <csignal>
#include <cstdio>
#include <cstring>

#include <unistd.h>

#include <doctest/doctest.h>

#include "fuzz/mutate.hpp"
#include "fuzz/target.hpp"
#include "scenario/sweep.hpp"

extern "C" {
void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));
/// UBSan calls it for each of its findings.
void __ubsan_on_report() __attribute__((visibility("default")));
}

namespace vmc::fuzz {

namespace {

constexpr const char* test_case = "whatever a reader is fed, it returns and holds together";
constexpr unsigned stuck_after = 20;  // s; an input takes microseconds

/// What is being fed, for whoever dies of it.
char replay[512];

void last_words() {
    const auto written = ::write(STDERR_FILENO, replay, std::strlen(replay));
    (void)written;
}

void died(int number) {
    last_words();
    std::signal(number, SIG_DFL);
    std::raise(number);
}

void note(const Target& target, const test::Sweep& sweep, std::uint64_t seed) {
    const auto command = sweep.replay_command(seed);
    std::snprintf(replay, sizeof replay, "reader %.*s; again: %s\n", static_cast<int>(target.name.size()),
                  target.name.data(), command.c_str());
}

}  // namespace

TEST_CASE("what a reader is fed in earnest, it takes") {
    for (const auto& target : targets()) {
        CAPTURE(target.name);
        REQUIRE_FALSE(target.corpus.empty());
        for (const auto& text : target.corpus) {
            target.feed(text);
            for (std::size_t cut = 0; cut < std::min<std::size_t>(text.size(), 1000); ++cut)
                target.feed(std::string_view(text).substr(0, cut));
        }
        target.feed({});
    }
}

TEST_CASE("whatever a reader is fed, it returns and holds together") {
    const test::Sweep sweep(test_case, 5000);
    if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(last_words);
    for (const int number : {SIGABRT, SIGALRM}) std::signal(number, died);
    for (const auto& target : targets()) {
        for (auto seed = sweep.first(); seed <= sweep.last(); ++seed) {
            note(target, sweep, seed);
            ::alarm(stuck_after);
            target.feed(mutated(target, seed));
        }
    }
    ::alarm(0);
    for (const int number : {SIGABRT, SIGALRM}) std::signal(number, SIG_DFL);
    std::printf("fuzz: %zu readers, %llu damaged inputs each (seeds %llu to %llu)\n", targets().size(),
                static_cast<unsigned long long>(sweep.last() - sweep.first() + 1),
                static_cast<unsigned long long>(sweep.first()), static_cast<unsigned long long>(sweep.last()));
    CHECK(targets().size() >= 22);
}

TEST_CASE("the same seed makes the same input") {
    for (const auto& target : targets()) {
        CHECK(mutated(target, 7) == mutated(target, 7));
        int different = 0;
        for (std::uint64_t seed = 0; seed < 20; ++seed) different += mutated(target, seed) != target.corpus.front();
        CHECK(different >= 15);
    }
}

}  // namespace vmc::fuzz

void __ubsan_on_report() { vmc::fuzz::last_words(); }
