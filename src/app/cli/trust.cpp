// SPDX-License-Identifier: Apache-2.0
// vmc trust HOST [--expect SHA256:…]
#include <CLI/CLI.hpp>

#include "app/cli/contact.hpp"
#include "app/cli/json_text.hpp"
#include "app/cli/verb.hpp"

namespace vmc::cli {

namespace {

constexpr auto trust_examples = R"(Examples:
  vmc trust web-1 --expect SHA256:IvZ1v3tEnc0cJ+hzMGQyE+5vCqVk0yLdkFbeE7xgZzQ
  vmc trust web-1          after you re-installed it, and know that you did

A changed host key stops every other verb: the machine may be another one, or
somebody may stand in between. ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub,
typed on the VM's console, prints what to expect. Nobody logs in; the key goes
to our own known_hosts in the state directory, yours is never written.
Exit code: 0 trusted; 255 not reached, or another key than expected.)";

class Trust final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "trust"; }
    [[nodiscard]] std::string_view summary() const override { return "accept the key a host shows now as its own"; }
    void describe(CLI::App& app) override {
        host_.describe(app);
        app.add_option("--expect", expected_, "only if it is this key: SHA256:...")
            ->option_text("PRINT")
            ->group("The key");
        app.add_flag("--json", json_, "one JSON document")->group("The answer");
        app.footer(trust_examples);
    }
    Expected<int> run(const Words& words) override;

private:
    HostOptions host_;
    std::string expected_;
    bool json_ = false;
};

Expected<int> Trust::run(const Words& words) {
    if (words) return usage("trust takes no command");
    if (!expected_.empty() && !is_fingerprint(expected_))
        return usage("--expect: not a fingerprint: \"" + expected_ + "\"");
    auto contact = Contact::open(host_);
    if (!contact) return std::unexpected(std::move(contact.error()));
    auto trusted = (*contact)->finish((*contact)->vm().trust_host_key(expected_));
    if (!trusted) return std::unexpected(std::move(trusted.error()));
    if (!*trusted) return std::unexpected((*contact)->failure(trusted->error()));
    if (json_) print(json_line({{"schema", 1}, {"event", "trusted"}, {"host", host_.host()}, {"key", **trusted}}));
    else print(host_.host() + ": trusted from now on: " + one_line(**trusted) + "\n");
    return 0;
}

}  // namespace

std::unique_ptr<Verb> trust_verb() { return std::make_unique<Trust>(); }

}  // namespace vmc::cli
