// SPDX-License-Identifier: Apache-2.0
// The ledger on the host against what was reported: nothing runs twice, nothing runs that was
// reported never to have run, and nothing starts after it was reported.
#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <random>
#include <thread>

#include "live/lab.hpp"

using namespace std::chrono_literals;
using vmc::Command;

namespace {

struct Cut {
    std::string fault;     // for `lab/host fault`; or for `lab/host sshd` when it begins with "sshd "
    bool before_connect;   // counts the bytes of a new connection
};

struct Entry {
    std::string id, story, outcome;
    vmc::Known may_have_run;
    bool exited_ok;
    int when_reported;
};

int times_in(const std::string& ledger, const std::string& id) {
    std::ifstream in(ledger);
    int count = 0;
    for (std::string line; std::getline(in, line);) count += line == id;
    return count;
}

Cut command_cut(std::mt19937_64& chance) {
    const auto upto = [&](int n) { return static_cast<int>(chance() % static_cast<unsigned>(n)); };
    switch (upto(7)) {
        case 0: return {"drop", false};
        case 1: return {"drop-in", false};
        case 2: return {"drop-out", false};
        case 3: return {"cut-after " + std::to_string(500 + upto(6000)), true};
        case 4: return {"cut-reply-after " + std::to_string(500 + upto(6000)), true};
        case 5: return {"rst-after " + std::to_string(500 + upto(6000)), true};
        default: return {"sshd kill-sessions", false};
    }
}

void put(lab::Host& host, const Cut& cut) {
    if (cut.fault.starts_with("sshd ")) host.sshd(cut.fault.substr(5));
    else host.fault(cut.fault);
}

/// One command, one cut at a random moment, one report.
Entry one_try(lab::Here& here, lab::Host& host, std::mt19937_64& chance, const std::string& id) {
    const Cut cut = command_cut(chance);
    const auto head_start = std::chrono::milliseconds(chance() % 160);
    auto target = host.target();
    target.connect_timeout(4s);
    vmc::Vm vm(target, here.loop);
    if (cut.before_connect) put(host, cut);
    std::optional<vmc::Outcome> outcome;
    if (auto up = vm.connect().get(); !up) {
        outcome.emplace(vmc::Refused{up.error()});
    } else {
        // Half of the requests go into a cut that is there already, the others meet it on their way.
        const bool cut_first = chance() % 2 == 0;
        if (!cut.before_connect && cut_first) put(host, cut);
        std::thread breaker([&] {
            if (!cut.before_connect && !cut_first) put(host, cut);
        });
        if (!cut_first) std::this_thread::sleep_for(head_start);
        auto line = "echo " + id + " >> /ledger; echo ran; sleep 0.02";
        auto task = vm.run(Command(line).lost_after(500ms).within(60s)).outcome();
        task.wait();
        outcome.emplace(task.get());
        breaker.join();
    }
    // What had reached sshd when it lost us it may still be starting, on a busy machine. What starts later than this
    // has come to it after we reported.
    if (!outcome->ok() && outcome->may_have_run() == vmc::Known::unknown) std::this_thread::sleep_for(2s);
    Entry entry{id, cut.fault, outcome->line(), outcome->may_have_run(), outcome->ok(), times_in(host.ledger, id)};
    host.heal();
    return entry;
}

}  // namespace

TEST_CASE("a command runs at most once, and never starts after its outcome was reported") {
    const int total = lab::tries(24, 500);
    constexpr int hosts = 6;
    std::mt19937_64 chance(lab::seed("a command runs at most once*"));
    std::mutex mutex;
    std::vector<std::pair<std::string, Entry>> entries;  // ledger, entry
    std::vector<std::unique_ptr<lab::Host>> all;
    for (int i = 0; i < hosts; ++i) all.push_back(std::make_unique<lab::Host>());
    std::vector<std::thread> workers;
    for (int h = 0; h < hosts; ++h) {
        workers.emplace_back([&, h, own_seed = chance()] {
            std::mt19937_64 own(own_seed);
            lab::Here here;
            for (int i = h; i < total; i += hosts) {
                auto entry = one_try(here, *all[static_cast<std::size_t>(h)], own, "try-" + std::to_string(i));
                std::lock_guard lock(mutex);
                entries.emplace_back(all[static_cast<std::size_t>(h)]->ledger, std::move(entry));
            }
        });
    }
    for (auto& worker : workers) worker.join();
    // Retransmissions of a healed path come within seconds; wait for what must not come.
    std::this_thread::sleep_for(10s);
    int lost = 0;
    int ran = 0;
    for (const auto& [ledger, entry] : entries) {
        INFO(entry.id, " ", entry.story, ": ", entry.outcome);
        const int count = times_in(ledger, entry.id);
        CHECK(count <= 1);
        CHECK_MESSAGE(count == entry.when_reported, "started after it was reported");
        if (entry.exited_ok) CHECK(count == 1);
        if (entry.may_have_run == vmc::Known::no) CHECK(count == 0);
        if (entry.may_have_run == vmc::Known::yes) CHECK(count == 1);
        lost += !entry.exited_ok;
        ran += count;
    }
    std::printf(
        "  %d cuts: %d commands reported lost or refused, %d ran, none twice (95 %%: at most %.2f %% of cuts)\n", total,
        lost, ran, 300.0 / total);
}
