// SPDX-License-Identifier: Apache-2.0
// vmc diagnose HOST
#include <algorithm>
#include <atomic>
#include <functional>

#include <CLI/CLI.hpp>

#include "app/cli/bell.hpp"
#include "app/cli/contact.hpp"
#include "app/cli/diagnosis_text.hpp"
#include "app/cli/terminal.hpp"
#include "app/cli/verb.hpp"
#include "model/check_code.hpp"

namespace vmc::cli {

namespace {

constexpr auto diagnose_examples = R"(Examples:
  vmc diagnose web-1
  vmc diagnose --json web-1 | jq '.hypotheses[0]'
  vmc diagnose --watch web-1              again every 10 s, told when it changes

It logs in afresh, looks at a session that was there before, sends a ping, one
SYN to a port that is known to be closed (--no-closed-port: none), and asks our
own gateway, and a canary where one is named: another host near us, so that our
own network can be told from the VM's. Silence proves nothing: what cannot be
told apart stays a set.
Exit code: 0 healthy; 1 degraded or throttled; 2 off, crashed, unreachable;
3 cannot tell (login denied, host key changed, our own network); 64 usage.)";

/// News may come in bursts.
constexpr Duration at_most_each = std::chrono::seconds(1);

/// Runs when the scope is left.
class OnExit {
public:
    explicit OnExit(std::function<void()> what) : what_(std::move(what)) {}
    OnExit(const OnExit&) = delete;
    ~OnExit() { what_(); }

private:
    std::function<void()> what_;
};

class Diagnose final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "diagnose"; }
    [[nodiscard]] std::string_view summary() const override { return "what is wrong with it, how sure, and why"; }
    void describe(CLI::App& app) override {
        host_.describe(app);
        const auto* group = "The diagnosis";
        app.add_flag("--json", json_, "one JSON document, one a line with --watch")->group(group);
        app.add_flag("--watch", watch_, "go on looking, tell what changes")->group(group);
        app.add_option("--every", every_, "with --watch: so often (10s)")->option_text("SPAN")->group(group);
        app.add_option("--canary", canary_, "ask another host near us, too")->option_text("HOST[:PORT]")->group(group);
        app.add_flag("--no-closed-port", quiet_port_, "send nothing to a closed port")->group(group);
        app.footer(diagnose_examples);
    }
    Expected<int> run(const Words& words) override;

private:
    [[nodiscard]] std::string shown(const Diagnosis& diagnosis) const;
    Expected<int> watch(Contact& contact, Duration every);
    HostOptions host_;
    std::string every_ = "10s";
    bool json_ = false;
    bool watch_ = false;
    bool quiet_port_ = false;
    std::optional<std::string> canary_;
};

std::string Diagnose::shown(const Diagnosis& diagnosis) const {
    return json_ ? diagnosis_json(host_.host(), diagnosis)
                 : diagnosis_page(host_.host(), diagnosis, Terminal::wants_colour(STDOUT_FILENO),
                                  Terminal::width(STDOUT_FILENO));
}

Expected<int> Diagnose::run(const Words& words) {
    if (words) return usage("diagnose takes no command");
    const auto every = span_of("--every", every_);
    if (!every) return std::unexpected(every.error());
    if (*every < std::chrono::seconds(1)) return usage("--every: at least 1s");
    host_.ask_no_closed_port(quiet_port_);
    host_.ask_canary(canary_);
    auto contact = Contact::open(host_);
    if (!contact) return std::unexpected(std::move(contact.error()));
    if (watch_) return watch(**contact, *every);
    auto diagnosis = (*contact)->finish((*contact)->vm().diagnose());
    if (!diagnosis) return std::unexpected(std::move(diagnosis.error()));
    print(shown(*diagnosis));
    return model::check_code_of(diagnosis->health);
}

/// Looks again when the link has news of its own: what a look brings about is in what it says. Ends by Ctrl-C.
Expected<int> Diagnose::watch(Contact& contact, Duration every) {
    std::string before;
    std::atomic<bool> news = false;
    contact.also_hear([&news](const Notice& notice) {
        using enum Notice::Kind;
        if (notice.kind == connecting || notice.kind == waiting || notice.kind == command) return;
        news = true;
        bell().ring();
    });
    const OnExit deaf([&contact] { contact.also_hear([](const Notice&) {}); });
    for (;;) {
        auto diagnosis = contact.finish(contact.vm().diagnose());
        if (!diagnosis) return std::unexpected(std::move(diagnosis.error()));
        const auto& health = diagnosis->health;
        auto now_is = std::string(slug(health.verdict)) + " " + health.cause;
        if (health.cause == "unknown" && !diagnosis->hypotheses.empty())
            now_is += " " + diagnosis->hypotheses.front().cause;
        if (now_is != before) print(shown(*diagnosis));
        before = now_is;
        news = false;
        const Instant looked = now(), until = looked + every;
        while (now() < (news ? std::min(until, looked + at_most_each) : until) && Signals::wish() == 0)
            bell().wait(-1, left_until(news ? looked + at_most_each : until));
        if (Signals::wish() != 0) return std::unexpected(contact.interrupted());
    }
}

}  // namespace

std::unique_ptr<Verb> diagnose_verb() { return std::make_unique<Diagnose>(); }

}  // namespace vmc::cli
