// SPDX-License-Identifier: Apache-2.0
#include "app/cli/lookout.hpp"

#include <algorithm>

#include "app/cli/diagnosis_text.hpp"
#include "base/span.hpp"

namespace vmc::cli {

namespace {

/// Most links that ended are back before.
constexpr Duration look_after = std::chrono::seconds(1);
constexpr Duration first_word_after = std::chrono::seconds(5);
/// Of one that fell silent there is enough to look for at once, and a look at a dead path is over by then.
constexpr Duration word_on_silence_after = std::chrono::milliseconds(1900);
constexpr Duration second_word_after = std::chrono::seconds(10);
constexpr Duration word_at_least_every = std::chrono::minutes(1);
/// The first word waits so long for the first look.
constexpr Duration at_most = std::chrono::seconds(8);
constexpr Duration say_again = std::chrono::milliseconds(200);
/// A link that ended is back before, unless something is wrong.
constexpr Duration recover_after = std::chrono::seconds(10);
/// Silence is told from a dead path in five, a full disk in less; see health/.
constexpr Duration last_look_within = std::chrono::seconds(10);

}  // namespace

void Lookout::stop() {
    if (recovering_) {
        recovering_->cancel();
        recovering_->wait();
        recovering_.reset();
    }
    if (!looking_) return;
    looking_->cancel();
    looking_->wait();
    looking_.reset();
}

std::optional<std::string> Lookout::word() {
    const auto state = contact_.vm().state();
    bring_back();
    // Who brings it back tells what he does.
    if (recovering_) return std::nullopt;
    if (state == "online") {
        came_back();
        return std::nullopt;
    }
    const Instant here = now();
    if (!away_since_) {
        away_since_ = here;
        const bool silent = state == "suspect";
        look_at_ = here + (silent ? Duration{} : look_after);
        say_next_ = here + (silent ? word_on_silence_after : first_word_after);
        pause_ = {};
    }
    if (!looking_ && here >= look_at_) look();
    if (here < say_next_) return std::nullopt;
    if (pause_ == Duration{} && !looking_->ready() && here < *away_since_ + at_most) {
        say_next_ = here + say_again;
        return std::nullopt;
    }
    auto text = "nothing heard for " + spoken(here - *away_since_) + ".";
    if (const auto line = found(); !line.empty()) text += " " + line;
    pause_ = std::clamp(pause_ * 2, second_word_after, word_at_least_every);
    say_next_ = here + pause_;
    return text;
}

/// Begun where it has been away for a while; its end is told.
void Lookout::bring_back() {
    if (recovering_ && recovering_->ready()) {
        const auto done = recovering_->get();
        recovering_.reset();
        gave_up_ = !done.recovered;
        contact_.console().say(done.recovered ? "recovered: " + done.reason : "not recovered: " + done.reason);
    }
    if (!policy_ || recovering_ || gave_up_ || !away_since_ || now() < *away_since_ + recover_after) return;
    if (contact_.vm().state() == "online") return;
    if (looking_) {
        looking_->cancel();
        looking_->wait();
        looking_.reset();
    }
    const auto tell = [&console = contact_.console()](const RecoveryNews& news) {
        console.say("recovery: " + news.event + ": " + news.text);
        bell().ring();
    };
    recovering_ = contact_.vm().recover(*policy_, tell);
    recovering_->on_done([] { bell().ring(); });
}

Instant Lookout::until() const {
    if (!away_since_ || recovering_) return never;
    return looking_ ? say_next_ : std::min(say_next_, look_at_);
}

void Lookout::came_back() {
    if (away_since_) ++losses_;
    away_since_.reset();
    say_next_ = never;
    if (looking_ && looking_->ready()) looking_.reset();
}

void Lookout::look() { looking_ = contact_.vm().diagnose(); }

/// The last look that has come to an end, or what the link knows; the next one begins.
std::string Lookout::found() {
    if (looking_ && looking_->ready()) {
        auto line = diagnosis_line(looking_->get());
        look();
        return line;
    }
    return contact_.console().last_reason();
}

std::optional<Diagnosis> last_look(Contact& contact, Instant deadline) {
    auto look = contact.vm().diagnose();
    const Instant until = std::min(deadline, now() + last_look_within);
    if (await(look, bell(), [] { return Signals::wish() != 0; }, until)) return look.get();
    look.cancel();
    look.wait();
    return std::nullopt;
}

}  // namespace vmc::cli
