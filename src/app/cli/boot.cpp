// SPDX-License-Identifier: Apache-2.0
// vmc boot show|record|check HOST
#include <CLI/CLI.hpp>

#include "app/cli/boot_text.hpp"
#include "app/cli/contact.hpp"
#include "app/cli/records.hpp"
#include "app/cli/verb.hpp"
#include "model/check_code.hpp"

namespace vmc::cli {

namespace {

constexpr int cannot_tell = 3;

constexpr auto boot_examples = R"(Actions:
  show       read which life of its kernel the VM is in
  record     and remember it
  check      compare with what was recorded: has it rebooted?

Examples:
  vmc boot record web-1
  vmc exec web-1 -- ./risky-test
  vmc boot check web-1 || echo "exit code $?"

A reboot is claimed only from two readings of the same machine with different
boot ids. How often, how it ended and when is the VM's own word: its journal,
wtmp, pstore and /var/crash, as far as the user may read them; what they do
not tell is not claimed. Exit code of check: 0 same boot, paused or not; 10
rebooted; 3 cannot tell (not reached, nothing recorded, another machine
answers). Others: 255 not reached.)";

class Boot final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "boot"; }
    [[nodiscard]] std::string_view summary() const override { return "show, record or check the boot of a VM"; }
    void describe(CLI::App& app) override {
        app.add_option("ACTION", action_, "show, record or check")->required()->group("Words");
        host_.describe(app);
        app.add_flag("--json", json_, "one JSON document")->group("The answer");
        app.footer(boot_examples);
    }
    Expected<int> run(const Words& words) override;

private:
    Expected<int> check(Contact& contact);
    [[nodiscard]] Failure not_reached(const Contact& contact, const Error& error) const;
    HostOptions host_;
    std::string action_;
    bool json_ = false;
};

Expected<int> Boot::run(const Words& words) {
    if (words) return usage("boot takes no command");
    const bool checking = action_ == "check";
    if (!checking && action_ != "show" && action_ != "record")
        return usage("boot: unknown action \"" + action_ + "\" (show, record or check)");
    auto contact = Contact::open(host_);
    if (!contact) return std::unexpected(std::move(contact.error()));
    if (checking) return check(**contact);
    auto boot = (*contact)->finish((*contact)->vm().boot());
    if (!boot) return std::unexpected(std::move(boot.error()));
    if (!*boot) return std::unexpected((*contact)->failure(boot->error()));
    if (action_ == "record") {
        if (auto kept = record_boot(host_.host(), **boot); !kept) return std::unexpected(std::move(kept.error()));
    }
    print(json_ ? boot_json(host_.host(), **boot) : boot_lines(host_.host(), **boot));
    return 0;
}

/// A host that is not reached may or may not have rebooted.
Failure Boot::not_reached(const Contact& contact, const Error& error) const {
    auto failure = contact.failure(error);
    if (failure.exit_code == model::exit_link) failure.exit_code = cannot_tell;
    return failure;
}

Expected<int> Boot::check(Contact& contact) {
    const auto recorded = recorded_boot(host_.host());
    if (!recorded) return std::unexpected(recorded.error());
    if (!*recorded) {
        // What stands in the way of reaching it is the better news.
        auto up = contact.finish(contact.vm().connect());
        if (!up) return std::unexpected(std::move(up.error()));
        if (!*up) return std::unexpected(not_reached(contact, up->error()));
        return std::unexpected(
            Failure(cannot_tell, host_.host() + ": no boot recorded: vmc boot record " + host_.host()));
    }
    auto story = contact.finish(contact.vm().boot_since(**recorded));
    if (!story) return std::unexpected(std::move(story.error()));
    if (!*story) return std::unexpected(not_reached(contact, story->error()));
    print(json_ ? story_json(host_.host(), **story) : story_lines(host_.host(), **story));
    return model::check_code_of((*story)->change);
}

}  // namespace

std::unique_ptr<Verb> boot_verb() { return std::make_unique<Boot>(); }

}  // namespace vmc::cli
