// SPDX-License-Identifier: Apache-2.0
// vmc check HOST
#include <CLI/CLI.hpp>

#include "app/cli/contact.hpp"
#include "app/cli/health_text.hpp"
#include "app/cli/terminal.hpp"
#include "app/cli/verb.hpp"
#include "model/check_code.hpp"

namespace vmc::cli {

namespace {

constexpr auto check_examples = R"(Levels:
  basic      the network only: route, ping, TCP port
  medium     and SSH: log in, run one command
  thorough   and the system: uptime, disk, memory, processes, ...

Examples:
  vmc check web-1
  vmc check --level thorough root@192.0.2.7
  vmc check --json web-1 | jq .verdict

"unknown" is an answer of its own: it could not be asked. Silence is no proof.
Exit code: 0 healthy; 1 degraded or throttled; 2 off, crashed or unreachable;
3 cannot tell (login denied, host key changed, our own network); 64 usage.)";

class Check final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "check"; }
    [[nodiscard]] std::string_view summary() const override { return "is it alive? ask it layer by layer"; }
    void describe(CLI::App& app) override {
        host_.describe(app);
        app.add_option("--level", level_, "basic, medium or thorough (medium)")
            ->option_text("LEVEL")
            ->group("The check");
        app.add_flag("--json", json_, "one JSON document")->group("The check");
        app.footer(check_examples);
    }
    Expected<int> run(const Words& words) override;

private:
    HostOptions host_;
    std::string level_ = "medium";
    bool json_ = false;
};

Expected<int> Check::run(const Words& words) {
    if (words) return usage("check takes no command");
    const auto level = parse_level(level_);
    if (!level) return usage("--level: unknown level \"" + level_ + "\" (basic, medium or thorough)");
    auto contact = Contact::open(host_);
    if (!contact) return std::unexpected(std::move(contact.error()));
    auto health = (*contact)->finish((*contact)->vm().health(*level));
    if (!health) return std::unexpected(std::move(health.error()));
    print(json_ ? health_json(host_.host(), *health)
                : health_table(host_.host(), *health, Terminal::wants_colour(STDOUT_FILENO),
                               Terminal::width(STDOUT_FILENO)));
    return model::check_code_of(*health);
}

}  // namespace

std::unique_ptr<Verb> check_verb() { return std::make_unique<Check>(); }

}  // namespace vmc::cli
