// SPDX-License-Identifier: Apache-2.0
// A link that keeps hold of a simulated machine, and the ten lines a scenario is made of:
//
//     Scenario s(7);
//     s.online();
//     sim::Fault::drop_both(10s, 30s).plan(s.host);
//     auto& job = s.run(Command("sleep 60; exit 3"));
//     s.until_done(job);
//     CHECK(job.outcome->exit_code() == 3);
//     CHECK(s.world.story().contains("answers again"));
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "link/link.hpp"
#include "sim/sshd.hpp"
#include "sim/world.hpp"

namespace vmc::test {

/// Keeps what a command printed; can be a reader that never comes back.
class Collected final : public link::Sink {
public:
    Collected(sim::World& world, bool stalled) : world_(world), stalled_(stalled) {}
    Async<void> ready() override {
        if (stalled_) co_await world_.clock().sleep_until(never);
    }
    void take(port::Stream stream, std::string bytes) override { (stream == port::Stream::out ? out : err) += bytes; }
    std::string out;
    std::string err;

private:
    sim::World& world_;
    bool stalled_;
};

/// One command under way, or done.
class Job {
public:
    Job(sim::World& world, Command what, bool stalled)
        : command(std::move(what)), sink(world, stalled), control(world.executor()), began(world.now()) {}
    Job(const Job&) = delete;

    Command command;
    Collected sink;
    link::Control control;
    std::optional<Outcome> outcome;
    Instant began;
    Instant ended{};
    [[nodiscard]] bool done() const { return outcome.has_value(); }
    [[nodiscard]] Duration took() const { return ended - began; }
    [[nodiscard]] const std::string& out() const { return sink.out; }
};

class Scenario {
public:
    explicit Scenario(std::uint64_t seed = 1, Target whom = Target("web-1"))
        : world(seed), host(world.host(whom.host())), target(std::move(whom)) {
        if (target.user().empty()) target.user("alice").key("key");
        link = make_link();
    }
    /// Closes the link, as its owner must; a scenario that cannot end is told by its story.
    ~Scenario() {
        try {
            close();
        } catch (const sim::Stuck& stuck) {
            std::fprintf(stderr, "the link does not close: %s\n", stuck.what());
            std::abort();
        }
    }
    Scenario(const Scenario&) = delete;

    std::unique_ptr<link::Link> make_link() {
        auto tell = [this](const Notice& notice) { world.story().tell(slug(notice.kind), notice.text); };
        return std::make_unique<link::Link>(ports(), target, tell);
    }
    link::Ports ports() {
        return {world.executor(), world.clock(), world.random(), world.transport(), world.store(), doors, company};
    }
    Result<void> connect() { return world.run(link->connect()); }
    /// True once a session answers.
    bool online(Duration limit = std::chrono::seconds(30)) {
        if (std::holds_alternative<model::Idle>(link->state())) (void)connect();
        return world.run_until([this] { return is_online(); }, limit);
    }
    [[nodiscard]] bool is_online() const { return std::holds_alternative<model::Online>(link->state()); }

    /// Starts a command; `stalled`: nobody reads its output.
    Job& run(Command command, bool stalled = false) {
        jobs.push_back(std::make_unique<Job>(world, std::move(command), stalled));
        world.spawn(perform(*jobs.back()));
        return *jobs.back();
    }
    bool until_done(const Job& job, Duration limit = std::chrono::hours(1)) {
        return world.run_until([&job] { return job.done(); }, limit);
    }
    /// Runs a command to its end. Throws sim::Stuck when it has none.
    Job& finish(Command command) {
        Job& job = run(std::move(command));
        if (!until_done(job)) throw sim::Stuck("no outcome\n" + world.story().text());
        return job;
    }
    void close() {
        if (!link) return;
        for (const auto& job : jobs) job->control.cancel();
        world.run_until([this] { return under_way == 0; }, std::chrono::hours(1));
        world.run(link->close());
        link.reset();
    }
    /// Virtual time of each story line that contains `part`.
    [[nodiscard]] std::vector<Duration> times_of(std::string_view part) {
        std::vector<Duration> times;
        for (const auto& line : world.story().lines())
            if (line.find(part) != std::string::npos)
                times.push_back(std::chrono::milliseconds(std::llround(std::stod(line) * 1000)));
        return times;
    }

    sim::World world;
    link::Doors doors{world.executor()};
    link::Company company;
    sim::SimHost& host;
    Target target;
    std::unique_ptr<link::Link> link;
    std::deque<std::unique_ptr<Job>> jobs;
    int under_way = 0;

private:
    Async<void> perform(Job& job) {
        ++under_way;
        auto outcome = co_await link->run(job.command, job.sink, nullptr, job.control);
        --under_way;
        job.ended = world.now();
        world.story().tell("outcome", job.command.line().substr(0, 40) + ": " + outcome.line());
        job.outcome = std::move(outcome);
    }
};

}  // namespace vmc::test
