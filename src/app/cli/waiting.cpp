// SPDX-License-Identifier: Apache-2.0
#include "app/cli/waiting.hpp"

#include <algorithm>
#include <random>

#include "app/cli/boot_text.hpp"
#include "app/cli/records.hpp"
#include "base/span.hpp"

namespace vmc::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A booting VM answers RST at once: look again soon. It costs sshd nothing.
constexpr Duration refused_pause = milliseconds(500);
constexpr Duration throttled_pause = seconds(5);
/// Between two runs of --until's command.
constexpr Duration ask_again = seconds(2);
constexpr Duration wait_again = seconds(1);
/// While nothing happens on a link that is online.
constexpr Duration seldom = seconds(60);
/// A knock that is answered is one more connection without a login: four in ten minutes, as the etiquette has it.
constexpr Duration knock_again = seconds(150);

/// Waiting cannot mend these; a person has to.
bool is_final(Code code) {
    switch (code) {
        case Code::bad_request:
        case Code::local:
        case Code::no_common_algorithm:
        case Code::host_key_unknown:
        case Code::host_key_changed:
        case Code::host_key_revoked:
        case Code::key_unusable: return true;
        default: return false;
    }
}

/// Somebody lives there who keeps us out: neither down nor to be watched.
bool keeps_us_out(Code code) { return code == Code::auth_denied || code == Code::auth_held; }
bool comes_or_goes(Code code) { return code == Code::throttled || code == Code::booting; }

}  // namespace

Waiting::Waiting(Contact& contact, Instant deadline, bool first_boot)
    : contact_(contact), begun_(now()), deadline_(deadline), denied_pause_(first_boot ? seconds(15) : seconds(30)) {
    contact_.also_hear([this](const Notice&) {
        news_ = true;
        bell().ring();
    });
}

bool Waiting::online() const { return contact_.vm().state() == "online"; }

Waiting::~Waiting() {
    contact_.also_hear([](const Notice&) {});
}

template <class T>
T Waiting::in_time(Task<T> task) {
    if (await(task, bell(), [] { return Signals::wish() != 0; }, deadline_)) return task.get();
    task.cancel();
    pause(Duration{});
    throw GaveUp{contact_.interrupted()};
}

void Waiting::pause_or_news(Duration span) {
    const Instant end = std::min(deadline_, now() + span);
    while (Signals::wish() == 0 && now() < end && !news_.exchange(false)) bell().wait(-1, left_until(end));
    if (Signals::wish() != 0) throw GaveUp{contact_.interrupted()};
    if (now() < deadline_) return;
    const auto last = seen_last_.empty() ? "" : "; last seen: " + seen_last_;
    throw GaveUp{Failure(model::exit_timed_out, contact_.host() + ": gave up after " + spoken(now() - begun_) + last)};
}

void Waiting::pause(Duration span) {
    const Instant end = now() + span;
    do pause_or_news(left_until(end));
    while (now() < end);
}

void Waiting::not_yet(const std::string& why) {
    if (why != seen_last_) contact_.console().say("not yet: " + why);
    seen_last_ = why;
}

Duration Waiting::pause_after(const Error& error) {
    if (keeps_us_out(error.code())) return denied_pause_;
    if (comes_or_goes(error.code())) return throttled_pause;
    if (error.code() == Code::refused) return refused_pause;
    if (error.code() == Code::held) return throttled_pause;
    std::random_device chance;
    return backoff_.next(static_cast<std::uint64_t>(chance()) << 32U | chance());
}

std::optional<Error> Waiting::reach_once() {
    auto up = in_time(contact_.vm().connect());
    if (up) return std::nullopt;
    if (is_final(up.error().code())) throw GaveUp{contact_.failure(up.error())};
    return std::move(up.error());
}

void Waiting::reach() {
    // An accepted connection that stays silent may be one to a VM that is still booting.
    contact_.vm().patient(true);
    while (const auto error = reach_once()) {
        // Without how long it took: the same answer again is no news.
        not_yet(std::string(slug(error->stage())) + ": " + error->message());
        pause(pause_after(*error));
    }
}

/// An authenticated command has worked.
BootRecord Waiting::read_boot() {
    for (;;) {
        reach();
        auto boot = in_time(contact_.vm().boot());
        if (boot) boot_id_ = boot->boot_id.text();
        if (boot) return std::move(*boot);
        not_yet(std::string(slug(boot.error().stage())) + ": " + boot.error().message());
        pause(wait_again);
    }
}

std::string Waiting::up() {
    const auto boot = read_boot();
    return contact_.host() + ": up after " + spoken(now() - begun_) + ", boot " + boot.boot_id.text() + "\n";
}

std::string Waiting::down() {
    const auto is_down = [&](const std::string& because) {
        return contact_.host() + ": down after " + spoken(now() - begun_) + " (" + because + ")\n";
    };
    while (const auto error = reach_once()) {
        if (keeps_us_out(error->code())) throw GaveUp{contact_.failure(*error)};
        if (error->code() == Code::held) break;  // no login for now, but the port can be asked
        if (!comes_or_goes(error->code())) return is_down(error->line());
        pause(throttled_pause);
    }
    seen_last_ = "it still answers";
    for (;;) {
        // A session may have been killed alone; one knock tells.
        if (!online())
            if (const auto port = silent_port()) return is_down("its port is " + *port);
        pause_or_news(online() ? seldom : knock_again);
    }
}

/// What its port does, where that is no sign of life.
std::optional<std::string> Waiting::silent_port() {
    auto port = in_time(contact_.vm().health(Level::basic)).port_behavior;
    if (port == "open" || port == "unknown") return std::nullopt;
    return port;
}

/// The boot to compare with: read now, or, when the VM is already away, the one recorded before.
BootRecord Waiting::boot_before() {
    auto boot = in_time(contact_.vm().boot());
    if (boot) return std::move(*boot);
    if (is_final(boot.error().code())) throw GaveUp{contact_.failure(boot.error())};
    auto recorded = recorded_boot(contact_.host());
    if (!recorded) throw GaveUp{std::move(recorded.error())};
    if (!*recorded) {
        contact_.console().say(
            "it does not answer and no boot was recorded: the next boot seen is where waiting begins");
        return read_boot();
    }
    contact_.console().say("it does not answer now; comparing with the boot recorded before");
    return std::move(**recorded);
}

std::string Waiting::reboot() {
    const auto before = boot_before();
    contact_.console().say("boot " + before.boot_id.text() + " now; waiting for another");
    seen_last_ = "still boot " + before.boot_id.text();
    for (;;) {
        const auto boot = read_boot();
        const auto change = compare(before, boot);
        const auto told = comparison_lines(contact_.host(), before, boot, change);
        if (change == BootChange::reboot) return told;
        const bool same_boot = change == BootChange::none || change == BootChange::pause;
        if (!same_boot && change != BootChange::soft_reboot)
            throw GaveUp{Failure(model::exit_link, told.substr(0, told.find('\n')))};
        // Only a new connection can lead to another boot; a look now and then guards against missed news.
        do pause_or_news(seldom);
        while (!online());
    }
}

std::string Waiting::until(const Command& command) {
    for (;;) {
        reach();
        Command once = command;
        once.within(left_until(deadline_)).lost_after(left_until(deadline_));
        const auto outcome = in_time(contact_.vm().run(std::move(once)).outcome());
        if (outcome.ok()) return contact_.host() + ": true after " + spoken(now() - begun_) + "\n";
        not_yet(outcome.line());
        pause(ask_again);
    }
}

}  // namespace vmc::cli
