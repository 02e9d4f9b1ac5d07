// SPDX-License-Identifier: Apache-2.0
// vmc config show [HOST] [--origin]
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/cli/console.hpp"
#include "app/cli/json_text.hpp"
#include "app/cli/settings.hpp"
#include "app/cli/ssh_words.hpp"
#include "app/cli/streams.hpp"
#include "app/cli/verb.hpp"
#include "model/target_text.hpp"

namespace vmc::cli {

namespace {

std::string settings_help() {
    std::string text =
        "Settings (in config.toml at the top or below [host.\"NAME\"]; VMC_NAME in the\nenvironment; the later word "
        "counts):\n";
    for (const auto& key : keys()) text += fmt::format("  {:<17} {}\n", key.name, key.meaning);
    return text + R"(
Files, the second counts more:
  /etc/vm-connection/config.toml
  ~/.config/vm-connection/config.toml ($XDG_CONFIG_HOME)

Example:
  lost_after = "10m"
  [host."web-1"]
  user = "root"
  strict_host_key = true)";
}

class Config final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "config"; }
    [[nodiscard]] std::string_view summary() const override { return "show the settings in force, and who set them"; }
    void describe(CLI::App& app) override {
        app.add_option("ACTION", action_, "show")->required()->group("Words");
        app.add_option("HOST", host_, "as they are for this host")->group("Words");
        app.add_flag("--origin", origin_, "with the file and line, variable or default")->group("The answer");
        app.add_flag("--json", json_, "one JSON document")->group("The answer");
        app.footer(settings_help());
    }
    Expected<int> run(const Words& words) override;

private:
    [[nodiscard]] std::string as_json(const Settings& settings) const;
    [[nodiscard]] Expected<void> take_host(Settings& settings) const;
    std::string action_;
    std::string host_;
    bool origin_ = false;
    bool json_ = false;
};

Expected<int> Config::run(const Words& words) {
    if (words || action_ != "show") return usage("write: vmc config show [HOST] [--origin]");
    auto bare = host_.empty() ? Expected<std::string>("") : bare_host(host_);
    if (!bare) return std::unexpected(std::move(bare.error()));
    auto settings = load_settings(host_, *bare);
    if (!settings) return std::unexpected(settings.error());
    if (auto taken = take_host(*settings); !taken) return std::unexpected(std::move(taken.error()));
    if (json_) {
        print(as_json(*settings));
        return 0;
    }
    for (const auto& key : keys()) {
        const auto& setting = settings->get(key.name);
        const auto value = setting.value.empty() ? "-" : one_line(setting.value);
        if (origin_) print(fmt::format("{:<17} {:<24} {}\n", key.name, value, setting.origin));
        else print(fmt::format("{:<17} {}\n", key.name, value));
    }
    return 0;
}

/// What HOST itself says counts most.
Expected<void> Config::take_host(Settings& settings) const {
    const auto named = host_.empty() ? Result<model::HostText>(model::HostText{}) : model::parse_host(host_);
    if (!named) return usage("HOST: " + named.error().message());
    if (named->user)
        if (auto set = settings.set("user", *named->user, "HOST"); !set) return set;
    if (named->port)
        if (auto set = settings.set("port", std::to_string(*named->port), "HOST"); !set) return set;
    return {};
}

std::string Config::as_json(const Settings& settings) const {
    nlohmann::ordered_json fields;
    fields["schema"] = 1;
    for (const auto& key : keys()) {
        const auto& setting = settings.get(key.name);
        fields["settings"][std::string(key.name)] = {{"value", setting.value}, {"origin", setting.origin}};
    }
    return json_line(fields);
}

}  // namespace

std::unique_ptr<Verb> config_verb() { return std::make_unique<Config>(); }

}  // namespace vmc::cli
