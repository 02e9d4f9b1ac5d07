// SPDX-License-Identifier: Apache-2.0
#include "health/boot_since.hpp"

#include "model/boot_story.hpp"

namespace vmc::health {

namespace {

constexpr Duration boot_within = std::chrono::seconds(10);
constexpr Duration clues_within = std::chrono::seconds(40);  // six tools of 5 s each, and the way there and back

/// Also asked where the identity is in doubt: its journal may know the boot that was recorded.
bool worth_asking(const BootStory& story) {
    const bool doubtful = story.change == BootChange::ambiguous && story.before.boot_id != story.now.boot_id;
    return doubtful || (is_new_life(story.change) && story.change != BootChange::soft_reboot);
}

/// What the VM knows of the boots since one of them, asked once.
class Question {
public:
    Question(const link::Ports& ports, const BootId& before)
        : clock_(ports.clock), nonce_(model::nonce(ports.random.draw())),
          script_(model::boot_clues_script(nonce_, before)), sent_(clock_.wall_now()) {}

    [[nodiscard]] const std::string& script() const { return script_; }
    void answered(const Result<std::string>& printed) {
        asked_ = {sent_, clock_.wall_now()};
        if (printed) clues_ = model::parse_boot_clues(*printed, nonce_);
        else clues_ = std::unexpected(printed.error());
    }
    [[nodiscard]] BootStory story(const BootRecord& before, const BootRecord& now, WallTime last_heartbeat) const {
        if (clues_) return model::boot_story(before, now, *clues_, asked_, last_heartbeat);
        auto story = model::boot_story(before, now);
        story.evidence.push_back({"note", "vm", "it could not be asked: " + clues_.error().line()});
        return story;
    }

private:
    port::Clock& clock_;
    std::string nonce_;
    std::string script_;
    WallTime sent_;
    model::AskedBetween asked_{};
    Result<model::BootClues> clues_;
};

}  // namespace

Async<Result<BootRecord>> read_boot(link::Ports ports, link::Link& link) {
    auto up = co_await link.connect();
    if (!up) co_return std::unexpected(up.error());
    const Instant asked = ports.clock.now();
    auto facts = co_await link.read_facts(asked + boot_within);
    if (!facts) co_return std::unexpected(facts.error());
    const Instant read = ports.clock.now();
    co_return facts->record(ports.clock.wall_now(), read, read - asked);
}

Async<Result<BootStory>> boot_since(link::Ports ports, link::Link& link, BootRecord before, WallTime last_heartbeat) {
    auto now = co_await read_boot(ports, link);
    if (!now) co_return std::unexpected(now.error());
    auto story = model::boot_story(before, *now);
    if (!worth_asking(story)) co_return story;
    Question question(ports, before.boot_id);
    question.answered(co_await link.ask(question.script(), ports.clock.now() + clues_within));
    co_return question.story(before, *now, last_heartbeat);
}

Async<BootStory> told_over(link::Ports ports, link::Link& link, port::Session& session, BootRecord before,
                           BootRecord now, Duration within) {
    auto story = model::boot_story(before, now);
    if (!worth_asking(story)) co_return story;
    Question question(ports, before.boot_id);
    question.answered(co_await link.ask_over(session, question.script(), ports.clock.now() + within));
    co_return question.story(before, now, {});
}

}  // namespace vmc::health
