// SPDX-License-Identifier: Apache-2.0
// How a job ended comes back as what it was, whatever shell the VM calls /bin/sh.
#include <doctest/doctest.h>

#include <deque>
#include <random>

#include "live/lab.hpp"

using namespace std::chrono_literals;
using vmc::Command;
using vmc::JobRequest;
using vmc::JobState;

namespace {

struct Ending {
    std::string line;
    int code = 0;        // of `exit`
    std::string signal;  // without "SIG"; empty: it exits
    int number = 0;
};

/// It is sleep(1) that dies of them: bash itself ignores QUIT, always.
const std::vector<std::pair<std::string, int>> signals = {{"HUP", 1},   {"INT", 2},   {"QUIT", 3},
                                                          {"KILL", 9},  {"SEGV", 11}, {"PIPE", 13},
                                                          {"TERM", 15}, {"USR1", 10}, {"ABRT", 6}};

std::vector<Ending> endings() {
    std::vector<Ending> all;
    for (int code = 0; code < 256; ++code) all.push_back({"exit " + std::to_string(code), code, "", 0});
    for (const auto& [name, number] : signals)
        all.push_back({"{ sleep 0.2; kill -" + name + " $$; } & exec sleep 5", 0, name, number});
    return all;
}

/// What no shell has a word for (INT and PIPE); and in mksh, which itself exits with the number of a HUP or
/// TERM, these codes.
bool cannot_be_told(const std::string& shell, const Ending& ending) {
    const int number = ending.signal.empty() ? ending.code - 128 : ending.number;
    const bool of_mksh = shell == "/usr/bin/mksh" && ending.signal.empty() && (number == 1 || number == 15);
    return number == 2 || number == 13 || of_mksh;
}

struct Ended {
    Ending wanted;
    vmc::JobStatus status;
};

/// `width` jobs at a time over one link.
std::vector<Ended> run_all(vmc::Vm& vm, const std::vector<Ending>& wanted) {
    constexpr std::size_t width = 6;
    struct Running {
        Ending wanted;
        vmc::Task<vmc::Result<vmc::Job>> job;
    };
    std::deque<Running> running;
    std::vector<Ended> ended;
    auto finish_one = [&] {
        auto first = std::move(running.front());
        running.pop_front();
        auto job = first.job.get();
        REQUIRE_MESSAGE(job.has_value(), first.wanted.line, ": ", job ? "" : job.error().line());
        auto followed = job->follow(vmc::OutputFn());
        ended.push_back({first.wanted, followed.end().get().status});
    };
    for (const auto& one : wanted) {
        if (running.size() == width) finish_one();
        running.push_back({one, vm.submit(JobRequest(Command(one.line)), 60s)});
    }
    while (!running.empty()) finish_one();
    return ended;
}

/// Never a signal for an exit code nor the other way round; where it cannot be told, that is said.
void judge(const std::string& shell, const Ended& one) {
    INFO(shell, ": ", one.wanted.line, " gave ", one.status.line());
    const auto& [wanted, status] = one;
    if (cannot_be_told(shell, wanted)) {
        CHECK(status.state == JobState::exited);
        CHECK(status.exit_code == (wanted.signal.empty() ? wanted.code : 128 + wanted.number));
        CHECK(status.signal == "unknown");
    } else if (wanted.signal.empty()) {
        CHECK(status.state == JobState::exited);
        CHECK(status.exit_code == wanted.code);
        CHECK_FALSE(status.signal);
    } else {
        CHECK(status.state == JobState::signalled);
        CHECK(status.signal == wanted.signal);
    }
}

}  // namespace

TEST_CASE("an exit code and a signal come back as what they were, from every shell") {
    std::mt19937_64 chance(lab::seed("an exit code and a signal come back*"));
    for (const std::string shell : {"/bin/dash", "/bin/bash", "/usr/bin/mksh", "/bin/ash"}) {
        lab::Host host("--shell /usr/bin/mksh --shell /bin/ash");
        if (shell != "/bin/dash") (void)host.exec("mount --bind " + shell + " /usr/bin/dash");
        lab::Here here;
        vmc::Vm vm(host.target(), here.loop);
        REQUIRE(vm.connect().get());
        auto wanted = endings();
        std::shuffle(wanted.begin(), wanted.begin() + 256, chance);
        // The signals always, and of the codes as many as there is time for.
        wanted.erase(wanted.begin() + lab::tries(16, 256), wanted.begin() + 256);
        for (const auto& one : run_all(vm, wanted)) judge(shell, one);
        std::printf("%s: %zu endings\n", shell.c_str(), wanted.size());
    }
}
