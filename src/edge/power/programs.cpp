// SPDX-License-Identifier: Apache-2.0
// Switches that are programs: fence agents, and a user's own.
#include <algorithm>
#include <utility>

#include "edge/os/child.hpp"
#include "edge/power/secrets.hpp"
#include "edge/power/switches.hpp"
#include "model/power_text.hpp"

namespace vmc::edge {

namespace {

/// One program with one input.
class Call {
public:
    Call(std::vector<std::string> words, std::string text) : argv(std::move(words)), input(std::move(text)) {}
    std::vector<std::string> argv;
    std::string input;
};

class Program : public port::PowerSwitch {
public:
    Program(OffLoop& helpers, vmc::PowerSwitch described) : helpers_(helpers), described_(std::move(described)) {}

    Async<std::optional<PowerReading>> overhear(Instant) override { co_return std::nullopt; }  // it does not speak

protected:
    Async<Result<ChildEnd>> run(Call call, Instant deadline) {
        auto work = [call = std::move(call), secrets = described_.secrets(), deadline]() -> Result<ChildEnd> {
            auto more = read_secrets(secrets);
            if (!more) return std::unexpected(std::move(more.error()));
            return run_child(call.argv, call.input + *more, deadline);
        };
        std::function<Result<ChildEnd>()> job = std::move(work);
        // It ends its child by itself at the deadline, and 4 s later at the latest.
        auto ended = co_await helpers_.run(std::move(job), deadline + std::chrono::seconds(5));
        if (!ended) co_return failed(Code::timed_out, Stage::none, "the power switch does not end");
        co_return std::move(*ended);
    }

    /// Of something that was told to act.
    [[nodiscard]] static Result<void> done(const std::string& program, const Result<ChildEnd>& ended) {
        if (!ended) return std::unexpected(ended.error());
        if (ended->late) return failed(Code::timed_out, Stage::none, program + " did not end in time, and was ended");
        if (ended->code == 0) return {};
        return failed(Code::lost, Stage::none,
                      program + ": " + model::how_it_failed(ended->code, ended->out, ended->err));
    }

    OffLoop& helpers_;
    vmc::PowerSwitch described_;
};

/// The contract of ClusterLabs' fence agents: KEY=VALUE lines come in; "status" ends with 0 for on and 2 for off.
class FenceAgent final : public Program {
public:
    using Program::Program;

    Async<Result<PowerReading>> read(Instant deadline) override {
        auto question = call("status");
        const auto ended = co_await run(std::move(question), deadline);
        if (!ended) co_return std::unexpected(ended.error());
        PowerReading reading;
        if (ended->late) {
            reading.detail = described_.where() + " did not end in time, and was ended";
        } else {
            reading.state = model::state_of_agent(ended->code, ended->out);
            reading.detail = model::last_words(ended->out, ended->err);
        }
        co_return reading;
    }
    Async<Result<void>> act(PowerAction action, Instant deadline) override {
        auto order = call(std::string(slug(action)));
        const auto ended = co_await run(std::move(order), deadline);
        co_return done(described_.where(), ended);
    }
    [[nodiscard]] bool can(PowerAction action) const override {
        return action == PowerAction::off || action == PowerAction::on;
    }
    [[nodiscard]] std::string told(PowerAction action) const override {
        std::string text = described_.where() + ": action=" + std::string(slug(action));
        for (const auto& [key, value] : described_.options()) text += " " + key + "=" + value;
        return text;
    }

private:
    [[nodiscard]] Call call(const std::string& action) const {
        std::string input = "action=" + action + "\n";
        for (const auto& [key, value] : described_.options()) input += key + "=" + value + "\n";
        return {{described_.where()}, std::move(input)};
    }
};

class OwnPrograms final : public Program {
public:
    using Program::Program;

    Async<Result<PowerReading>> read(Instant deadline) override {
        Call question(program("status"), "");
        const auto ended = co_await run(std::move(question), deadline);
        if (!ended) co_return std::unexpected(ended.error());
        PowerReading reading;
        if (ended->late) {
            reading.detail = program("status").front() + " did not end in time, and was ended";
        } else {
            reading.state = ended->code == 0 ? model::state_of_word(ended->out) : PowerState::unknown;
            reading.detail = model::last_words(ended->out, ended->err);
        }
        co_return reading;
    }
    Async<Result<void>> act(PowerAction action, Instant deadline) override {
        const auto words = program(slug(action));
        Call order(words, "");
        const auto ended = co_await run(std::move(order), deadline);
        co_return done(words.empty() ? "nothing" : words.front(), ended);
    }
    [[nodiscard]] bool can(PowerAction action) const override { return !program(slug(action)).empty(); }
    [[nodiscard]] std::string told(PowerAction action) const override {
        std::string text;
        for (const auto& word : program(slug(action))) text += (text.empty() ? "" : " ") + word;
        return text;
    }

private:
    [[nodiscard]] std::vector<std::string> program(std::string_view what) const {
        const auto found = described_.programs().find(std::string(what));
        return found == described_.programs().end() ? std::vector<std::string>() : found->second;
    }
};

}  // namespace

std::unique_ptr<port::PowerSwitch> make_fence_switch(OffLoop& helpers, const vmc::PowerSwitch& described) {
    return std::make_unique<FenceAgent>(helpers, described);
}

std::unique_ptr<port::PowerSwitch> make_command_switch(OffLoop& helpers, const vmc::PowerSwitch& described) {
    return std::make_unique<OwnPrograms>(helpers, described);
}

std::unique_ptr<port::PowerSwitch> RealSwitches::make(const vmc::PowerSwitch& described) {
    switch (described.kind()) {
        case vmc::PowerSwitch::Kind::qmp: return make_qmp_switch(helpers_, described);
        case vmc::PowerSwitch::Kind::fence: return make_fence_switch(helpers_, described);
        case vmc::PowerSwitch::Kind::command: return make_command_switch(helpers_, described);
    }
    return nullptr;
}

}  // namespace vmc::edge
