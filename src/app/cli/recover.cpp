// SPDX-License-Identifier: Apache-2.0
// vmc recover HOST, vmc reboot HOST
#include <CLI/CLI.hpp>

#include "app/cli/boot_text.hpp"
#include "app/cli/contact.hpp"
#include "app/cli/json_text.hpp"
#include "app/cli/power_option.hpp"
#include "app/cli/recovery_text.hpp"
#include "app/cli/verb.hpp"
#include "base/span.hpp"

namespace vmc::cli {

namespace {

constexpr auto recover_examples = R"(Steps, gentlest first; each only where it may help, and none twice:
  look-again   once more, before anything is done
  repair       over a session that works: start sshd, lift a ban on us, free a
               full process table
  reboot       in order, over SSH                              needs --yes
  sysrq        sync, then a panic that pstore keeps            needs --yes
  nmi          from its hypervisor                             needs --yes
  power-cycle  by its power switch (vmc power --help)          needs --yes

No step against a VM that is paused, writes a dump, may be another machine, or
may be well and only cut off; silence counts after 5 min. All of it is written
down before it is done (vmc incidents).

Examples (config.toml; at the top for all hosts, or for one):
  [host."web-1".recovery]
  profile = "lab"                 # silence 15 s, 1 min between power actions
  up_to = "power-cycle"
  silence = "2m"                  # before its power is cycled unproven
  between = "15m"                 # two power actions
  a_day = 3
  takes_effect = "3m"             # so long a step is waited for
  fleet_size = 40                 # VMs looked after, if more than we can see

Exit code: 0 it is well; 1 it is not, and why; 64 usage; 125 we failed.)";

class Recover final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "recover"; }
    [[nodiscard]] std::string_view summary() const override { return "bring it back, by the gentlest step that helps"; }
    void describe(CLI::App& app) override {
        host_.describe(app);
        const auto* group = "How far";
        app.add_flag("--dry-run", dry_, "say what would be done, and do nothing")->group(group);
        app.add_flag("--yes", yes_, "also steps that take the VM down")->group(group);
        app.add_option("--up-to", up_to_, "no step above this one")->option_text("STEP")->group(group);
        power_.describe(app, group);
        app.add_option("--profile", profile_, "careful or lab")->option_text("NAME")->group(group);
        app.add_option("--timeout", timeout_, "at most this long (1h)")->option_text("SPAN")->group(group);
        app.add_flag("--json", json_, "one JSON document")->group("The answer");
        app.footer(recover_examples);
    }
    Expected<int> run(const Words& words) override;

private:
    [[nodiscard]] Expected<RecoveryPolicy> policy(RecoveryPolicy set) const;
    HostOptions host_;
    PowerOption power_;
    std::optional<std::string> up_to_;
    std::optional<std::string> profile_;
    std::optional<std::string> timeout_;
    bool dry_ = false;
    bool yes_ = false;
    bool json_ = false;
};

Expected<RecoveryPolicy> Recover::policy(RecoveryPolicy set) const {
    if (profile_ && *profile_ != "lab" && *profile_ != "careful")
        return usage("--profile: unknown \"" + *profile_ + "\" (careful or lab)");
    if (profile_) set = *profile_ == "lab" ? RecoveryPolicy::lab() : RecoveryPolicy();
    if (up_to_) {
        const auto rung = parse_rung(*up_to_);
        if (!rung)
            return usage("--up-to: unknown \"" + *up_to_ +
                         "\" (look-again, repair, reboot, sysrq, nmi or power-cycle)");
        set.up_to(*rung);
    }
    if (timeout_) {
        const auto span = span_of("--timeout", *timeout_);
        if (!span) return std::unexpected(span.error());
        set.within(*span);
    }
    // Who only looks may see what could be done.
    if (!yes_ && !dry_ && is_destructive(set.up_to())) set.up_to(Rung::repair);
    return set.dry_run(dry_);
}

Expected<int> Recover::run(const Words& words) {
    if (words) return usage("recover takes no command");
    if (auto taken = power_.apply(host_); !taken) return std::unexpected(std::move(taken.error()));
    auto contact = Contact::open(host_);
    if (!contact) return std::unexpected(std::move(contact.error()));
    const auto policy = this->policy((*contact)->settings().recovery);
    if (!policy) return std::unexpected(policy.error());
    const auto& console = (*contact)->console();
    const auto tell = [&console](const RecoveryNews& news) { console.say(news.event + ": " + news.text); };
    auto done = (*contact)->finish((*contact)->vm().recover(*policy, tell));
    if (!done) return std::unexpected(std::move(done.error()));
    print(json_ ? recovery_json(host_.host(), *done) : recovery_page(host_.host(), *done));
    const bool stopped_short = !done->recovered && !yes_ && !dry_ && policy->up_to() == Rung::repair;
    if (stopped_short && !json_)
        console.say("what could be done beyond a repair: vmc recover --dry-run " + host_.host() + "; to let it: --yes");
    return done->recovered ? 0 : 1;
}

constexpr auto reboot_examples = R"(Examples:
  vmc reboot web-1                 done when another boot answers two commands
  vmc reboot web-1 --timeout 3m

The VM is told to reboot in order (systemctl reboot, or shutdown -r now), as
root or by sudo without a password. Jobs that run there say so: see vmc run
--on-reboot. Exit code: 0 it is back with another boot; 124 not in time; 255
not reached, or who is logged in may not; 64 usage.)";

class RebootVerb final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "reboot"; }
    [[nodiscard]] std::string_view summary() const override { return "in order, and wait until it is back for sure"; }
    void describe(CLI::App& app) override {
        host_.describe(app);
        app.add_option("--timeout", timeout_, "at most this long (10m)")->option_text("SPAN")->group("The reboot");
        app.add_flag("--json", json_, "one JSON document")->group("The answer");
        app.footer(reboot_examples);
    }
    Expected<int> run(const Words& words) override;

private:
    HostOptions host_;
    std::string timeout_ = "10m";
    bool json_ = false;
};

Expected<int> RebootVerb::run(const Words& words) {
    if (words) return usage("reboot takes no command");
    const auto within = span_of("--timeout", timeout_);
    if (!within) return std::unexpected(within.error());
    auto contact = Contact::open(host_);
    if (!contact) return std::unexpected(std::move(contact.error()));
    const auto& console = (*contact)->console();
    const auto tell = [&console](const RecoveryNews& news) { console.say(news.text); };
    auto done = (*contact)->finish((*contact)->vm().reboot(*within, tell));
    if (!done) return std::unexpected(std::move(done.error()));
    if (!*done) {
        const Error& why = done->error();
        if (why.code() == Code::timed_out && why.stage() != Stage::tcp)
            return std::unexpected(Failure(model::exit_timed_out, host_.host() + ": " + why.line()));
        return std::unexpected((*contact)->failure(why));
    }
    const Reboot& reboot = **done;
    if (json_) {
        auto fields = nlohmann::ordered_json::parse(story_json(host_.host(), reboot.story));
        fields["silent_ms"] = milliseconds(reboot.silent);
        fields["took_ms"] = milliseconds(reboot.took);
        print(json_line(fields));
    } else {
        print(host_.host() + ": " + reboot.story.line() + "\n  answered nobody for " + spoken(reboot.silent) +
              "; back for sure after " + spoken(reboot.took) + "\n");
    }
    return 0;
}

}  // namespace

std::unique_ptr<Verb> recover_verb() { return std::make_unique<Recover>(); }
std::unique_ptr<Verb> reboot_verb() { return std::make_unique<RebootVerb>(); }

}  // namespace vmc::cli
