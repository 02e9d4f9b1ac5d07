// SPDX-License-Identifier: Apache-2.0
#include "app/cli/command_line.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/cli/streams.hpp"

namespace vmc::cli {

namespace {

constexpr auto introduction = R"(vmc keeps hold of Linux VMs over SSH, and tells the truth about them.

Usage: vmc VERB HOST [OPTIONS] [-- COMMAND]

Verbs:
{}
HOST is user@host:port or any name your ssh knows; keys, agent and ~/.ssh/config
are used as ssh uses them. Nothing has to be installed on the VM.

Start here:
  vmc exec root@192.0.2.7 -- uptime      run a command, stream what it prints
  vmc check root@192.0.2.7               is it alive? layer by layer
  vmc wait web-1 --for reboot            until it is back from a reboot
  vmc VERB --help                        options and examples of one verb

Exit codes in every verb: 64 this command line makes no sense, 125 we failed,
255 host not reached (where the verb has no code of its own for that).
)";

/// CLI11's page, with our names for things.
class Page : public CLI::Formatter {
public:
    Page() { column_width(26); }
    std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
        auto text = "vmc " + app->get_name() + ": " + app->get_description() + "\n" + make_usage(app, "");
        auto groups = app->get_groups();
        std::ranges::rotate(groups, groups.begin() + 1);  // the one that --help is in comes last
        for (const auto& group : groups) text += group_page(app, group);
        return text + "\n" + app->get_footer() + "\n";
    }
    std::string make_option_opts(const CLI::Option* option) const override {
        return option->get_option_text().empty() ? "" : " " + option->get_option_text();
    }
    std::string group_page(const CLI::App* app, const std::string& group) const {
        std::string text;
        for (const auto* option : app->get_options([&](const CLI::Option* o) { return o->get_group() == group; }))
            text += make_option(option, option->get_positional());
        return "\n" + group + ":\n" + text;
    }
    std::string make_usage(const CLI::App* app, std::string) const override {
        std::string text = "Usage: vmc " + app->get_name();
        for (const auto* option : app->get_options())
            if (option->get_positional())
                text += option->get_required() ? " " + option->get_name() : " [" + option->get_name() + "]";
        return text + " [OPTIONS]" + (app->get_name() == "exec" || app->get_name() == "run" ? " -- COMMAND" : "") +
               "\n";
    }
};

/// CLI11 says which option, but on several lines and with its own codes.
std::string parser_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

}  // namespace

CommandLine::CommandLine(int argc, char** argv) {
    std::vector<std::string> all(argv + std::min(argc, 1), argv + argc);
    const auto dashes = std::ranges::find(all, "--");
    before_.assign(all.begin(), dashes);
    if (dashes != all.end()) words_.emplace(dashes + 1, all.end());
    for (const auto make : {exec_verb, run_verb, jobs_verb, attach_verb, logs_verb, cancel_verb, rm_verb, check_verb,
                            diagnose_verb, boot_verb, recover_verb, reboot_verb, power_verb, console_verb,
                            incidents_verb, wait_verb, trust_verb, config_verb})
        verbs_.push_back(make());
}

CommandLine::~CommandLine() = default;

Expected<std::optional<int>> CommandLine::parse() {
    const auto asks_for = [&](const char* a, const char* b) { return before_.front() == a || before_.front() == b; };
    if (before_.size() > 1 && before_.front() == "help") before_ = {before_[1], "--help"};
    if (before_.empty() || asks_for("--help", "-h") || before_.front() == "help") {
        std::string list;
        for (const auto& verb : verbs_) list += fmt::format("  {:<9} {}\n", verb->name(), verb->summary());
        const auto text = fmt::format(introduction, list);
        if (before_.empty()) return usage("no verb: vmc exec, run, check, boot, wait, trust, …; vmc --help tells more");
        print(text);
        return 0;
    }
    if (asks_for("--version", "-V")) {
        print("vmc " VMC_VERSION "\n");
        return 0;
    }
    const auto found = std::ranges::find_if(verbs_, [&](const auto& verb) { return verb->name() == before_.front(); });
    if (found == verbs_.end()) return usage("there is no verb \"" + before_.front() + "\"; vmc --help lists them");
    chosen_ = found->get();

    CLI::App app{std::string(chosen_->summary()), std::string(chosen_->name())};
    app.formatter(std::make_shared<Page>());
    app.set_help_flag("-h,--help", "this page")->group("Saying what happens (on stderr)");
    chosen_->describe(app);
    try {
        // CLI11 wants them backwards, and without the verb.
        app.parse(std::vector<std::string>(before_.rbegin(), before_.rend() - 1));
    } catch (const CLI::CallForHelp&) {
        print(app.help());
        return 0;
    } catch (const CLI::ExtrasError& error) {
        const bool command = (app.get_name() == "exec" || app.get_name() == "run") && !words_;
        return usage(parser_line(error.what()) + (command
                                                      ? "; the command stands after --, as in: vmc exec HOST -- uptime"
                                                      : "; vmc " + app.get_name() + " --help tells more"));
    } catch (const CLI::ParseError& error) {
        return usage(parser_line(error.what()) + "; vmc " + app.get_name() + " --help tells more");
    }
    return std::nullopt;
}

Expected<std::optional<int>> CommandLine::run() {
    auto code = chosen_->run(words_);
    if (!code) return std::unexpected(std::move(code.error()));
    return *code;
}

}  // namespace vmc::cli
