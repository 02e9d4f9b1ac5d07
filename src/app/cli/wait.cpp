// SPDX-License-Identifier: Apache-2.0
// vmc wait HOST --for up|down|reboot, --until CMD
#include <CLI/CLI.hpp>

#include "app/cli/contact.hpp"
#include "app/cli/json_text.hpp"
#include "app/cli/verb.hpp"
#include "app/cli/waiting.hpp"
#include "base/span.hpp"
#include "edge/store/file_store.hpp"
#include "model/breaker.hpp"
#include "model/quote.hpp"

namespace vmc::cli {

namespace {

constexpr auto wait_examples = R"(Examples:
  vmc wait web-1 --for up                      until a command works on it
  vmc wait web-1 --for down --timeout 2m       until it answers no more
  vmc wait web-1 --for reboot                  until it is back with a new boot
  vmc wait web-1 --until 'test -e /run/ready'  until the command exits with 0

The command of --until runs again and again: it should only look. A login that
was denied is tried again every 30 s, so that sshd does not ban us.
For --for reboot the boot is read now; when the VM is already away, what
`vmc boot record` kept is compared.
Exit code: 0 it came true; 124 time was up; 255 waiting makes no sense.)";

class Wait final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "wait"; }
    [[nodiscard]] std::string_view summary() const override { return "until it is up, down, rebooted or ready"; }
    void describe(CLI::App& app) override;
    Expected<int> run(const Words& words) override;

private:
    [[nodiscard]] std::string goal() const {
        if (!until_.empty()) return "'" + until_ + "' succeeds";
        return goal_ == "reboot" ? "it has rebooted" : "it is " + goal_;
    }
    [[nodiscard]] Expected<void> check_words(const Words& words) const;
    [[nodiscard]] std::string come_true(Waiting& waiting) const;
    void keep_trying_when_new(Contact& contact) const;

    HostOptions host_;
    std::string goal_;
    std::string until_;
    std::string timeout_ = "10m";
    bool first_boot_ = false;
    bool json_ = false;
};

void Wait::describe(CLI::App& app) {
    host_.describe(app);
    const auto* waiting = "What to wait for";
    app.add_option("--for", goal_, "up, down or reboot")->option_text("WHAT")->group(waiting);
    app.add_option("--until", until_, "this shell line exits with 0 on it")->option_text("CMD")->group(waiting);
    app.add_option("--timeout", timeout_, "at most this long (10m)")->option_text("SPAN")->group(waiting);
    app.add_flag("--json", json_, "one JSON document when it came true")->group("The answer");
    app.add_flag("--first-boot", first_boot_, "keys may still be on their way: try each 15 s")->group(waiting);
    app.footer(wait_examples);
}

Expected<void> Wait::check_words(const Words& words) const {
    if (words) return usage("wait takes no command behind --; write --until 'COMMAND'");
    if (goal_.empty() == until_.empty()) return usage("wait needs --for up|down|reboot, or --until CMD");
    if (!goal_.empty() && goal_ != "up" && goal_ != "down" && goal_ != "reboot")
        return usage("--for: unknown \"" + goal_ + "\" (up, down or reboot)");
    if (until_.empty()) return {};
    if (auto line = model::wire_line(Command(until_)); !line) return usage("--until: " + line.error().message());
    return {};
}

/// A credential that never worked here may belong to a VM in its first boot: no ten minutes' silence
/// after two denials, but the slower pace of Waiting.
void Wait::keep_trying_when_new(Contact& contact) const {
    edge::FileStore store(default_state_directory());
    const auto record = store.read(model::breaker_name(contact.vm().target()));
    const bool worked = record && *record && model::Breaker::parse(**record).worked_before();
    if (!worked && !host_.retry_auth()) contact.vm().first_boot(true);
}

std::string Wait::come_true(Waiting& waiting) const {
    if (!until_.empty()) return waiting.until(Command(until_));
    if (goal_ == "up") return waiting.up();
    return goal_ == "down" ? waiting.down() : waiting.reboot();
}

Expected<int> Wait::run(const Words& words) {
    if (auto fine = check_words(words); !fine) return std::unexpected(std::move(fine.error()));
    const auto limit = span_of("--timeout", timeout_);
    if (!limit) return std::unexpected(limit.error());
    auto contact = Contact::open(host_);
    if (!contact) return std::unexpected(std::move(contact.error()));
    keep_trying_when_new(**contact);
    (*contact)->console().say("waiting until " + goal() + ", at most " + spoken(*limit));
    const Instant begun = now();
    Waiting waiting(**contact, now() + *limit, first_boot_);
    try {
        const auto text = come_true(waiting);
        if (json_)
            print(json_line({{"schema", 1},
                             {"event", "came-true"},
                             {"host", host_.host()},
                             {"goal", goal_.empty() ? "until" : goal_},
                             {"took_ms", milliseconds(now() - begun)},
                             {"boot_id", or_null(waiting.boot_id())}}));
        else print(text);
        return 0;
    } catch (Waiting::GaveUp& gave_up) {
        return std::unexpected(std::move(gave_up.why));
    }
}

}  // namespace

std::unique_ptr<Verb> wait_verb() { return std::make_unique<Wait>(); }

}  // namespace vmc::cli
