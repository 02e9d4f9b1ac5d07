// SPDX-License-Identifier: Apache-2.0
// vmc power status|off|on|cycle|reset|nmi HOST
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/cli/contact.hpp"
#include "app/cli/json_text.hpp"
#include "app/cli/power_option.hpp"
#include "app/cli/verb.hpp"
#include "base/span.hpp"

namespace vmc::cli {

namespace {

constexpr auto power_examples = R"(Actions:
  status     how it stands, by its power switch
  off, on    pull its plug; put it back
  cycle      off, seen to be off, and on again (or reset)
  reset      its reset button
  nmi        a non-maskable interrupt: a kernel that is set so panics

Examples (config.toml):
  [host."web-1".power]
  type = "qmp"                              # QEMU: -qmp unix:PATH,server=on,…
  socket = "/run/vm/web-1.qmp"
  [host."web-2".power]
  type = "fence"                                # any fence agent
  agent = "fence_virsh"
  options = { ip = "hypervisor-1", username = "root", plug = "web-2" }
  secrets = "/etc/vm-connection/web-2.key"  # KEY=VALUE lines, chmod 600
  [host."web-3".power]
  type = "command"                          # words, no shell
  status = ["my-cloud", "status", "web-3"]  # prints on, off, paused …
  off = ["my-cloud", "stop", "web-3"]
  on = ["my-cloud", "start", "web-3"]

An action is over when the switch itself says so. Never two at once on one VM.
Exit code: 0; 1 not seen to be done; of status 0 on, 2 off, 1 something else;
125 the switch cannot be asked; 64 usage.)";

class Power final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "power"; }
    [[nodiscard]] std::string_view summary() const override { return "turn a VM off and on, by its power switch"; }
    void describe(CLI::App& app) override {
        app.add_option("ACTION", action_, "status, off, on, cycle, reset or nmi")->required()->group("Words");
        host_.describe(app);
        power_.describe(app, "Its switch");
        app.add_flag("--json", json_, "one JSON document")->group("The answer");
        app.footer(power_examples);
    }
    Expected<int> run(const Words& words) override;

private:
    [[nodiscard]] std::string shown(const PowerReading& reading) const;
    HostOptions host_;
    PowerOption power_;
    std::string action_;
    bool json_ = false;
};

std::string Power::shown(const PowerReading& reading) const {
    if (!json_) {
        const auto detail = reading.detail.empty() ? "" : " (" + reading.detail + ")";
        return fmt::format("{}: {}{}\n", host_.host(), slug(reading.state), detail);
    }
    nlohmann::ordered_json fields;
    fields["schema"] = 1;
    fields["host"] = host_.host();
    fields["action"] = action_;
    fields["power"] = slug(reading.state);
    fields["detail"] = reading.detail;
    fields["took_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(reading.took).count();
    return json_line(fields);
}

Expected<int> Power::run(const Words& words) {
    if (words) return usage("power takes no command");
    const auto action = parse_power_action(action_);
    if (!action && action_ != "status")
        return usage("power: unknown action \"" + action_ + "\" (status, off, on, cycle, reset or nmi)");
    if (auto taken = power_.apply(host_); !taken) return std::unexpected(std::move(taken.error()));
    auto contact = Contact::open(host_);
    if (!contact) return std::unexpected(std::move(contact.error()));
    if (!(*contact)->vm().target().power())
        return usage(host_.host() + ": it has no power switch: name one below [host.\"" + host_.host() +
                     "\".power] (vmc power --help)");
    auto& vm = (*contact)->vm();
    auto reading = (*contact)->finish(action ? vm.power(*action) : vm.power());
    if (!reading) return std::unexpected(std::move(reading.error()));
    if (!*reading) {
        const Error& why = reading->error();
        const bool undone = why.code() == Code::timed_out || why.code() == Code::held;
        return std::unexpected(Failure(undone ? 1 : 125, host_.host() + ": " + line_of(why)));
    }
    print(shown(**reading));
    if (action || (*reading)->state == PowerState::on) return 0;
    return (*reading)->state == PowerState::off ? 2 : 1;
}

}  // namespace

std::unique_ptr<Verb> power_verb() { return std::make_unique<Power>(); }

}  // namespace vmc::cli
