// SPDX-License-Identifier: Apache-2.0
// vmc console HOST [--lines N] [--follow]
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/cli/contact.hpp"
#include "app/cli/json_text.hpp"
#include "app/cli/verb.hpp"

namespace vmc::cli {

namespace {

/// How long a console is listened to before what there is of it is shown.
constexpr Duration listen = std::chrono::seconds(1);
constexpr std::size_t most_lines = 1'000'000;

constexpr auto console_examples = R"(Examples (config.toml):
  [host."web-1".console]
  type = "socket"              # QEMU: -serial unix:PATH,server=on,wait=off
  path = "/run/vm/web-1.serial"
  [host."web-2".console]
  type = "file"                # it may grow, be truncated, be replaced
  path = "/var/log/vm/web-2.log"
  [host."web-3".console]
  type = "command"             # words, no shell; it prints while it runs
  command = ["ssh", "hypervisor-1", "tail", "-F", "web-3.log"]

What is printed while nobody listens to a socket or runs a command is lost:
keep one vmc console -f running (it can write to /dev/null). Each line is kept
below ~/.local/state/vm-connection ($XDG_STATE_HOME), 8 MiB for each VM, with
the time at which it came, in UTC. One process captures at a time; others show
what it captures. Lines that begin with -- are vmc's own.
Exit code: 0; 125 the console cannot be read and nothing was captured before;
128+n interrupted; 64 usage, or no console is named.)";

class VmConsole final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "console"; }
    [[nodiscard]] std::string_view summary() const override { return "what it printed on its console, with the time"; }
    void describe(CLI::App& app) override {
        host_.describe(app);
        const auto* group = "The answer";
        app.add_option("--lines", lines_, "the last so many (100)")->option_text("N")->group(group);
        app.add_flag("-f,--follow", follow_, "go on until interrupted")->group(group);
        app.add_flag("--json", json_, "one JSON line each")->group(group);
        app.footer(console_examples);
    }
    Expected<int> run(const Words& words) override;

private:
    [[nodiscard]] Expected<int> follow(Contact& contact) const;
    [[nodiscard]] Expected<ConsoleLines> shown(Contact& contact, Result<ConsoleLines> found) const;
    [[nodiscard]] std::string text_of(const ConsoleLine& line) const;
    [[nodiscard]] Failure failure(const Error& why) const { return Failure(125, host_.host() + ": " + line_of(why)); }
    HostOptions host_;
    std::size_t lines_ = 100;
    bool follow_ = false;
    bool json_ = false;
};

std::string VmConsole::text_of(const ConsoleLine& line) const {
    if (!json_) return fmt::format("{} {}{}\n", iso_time(line.at), line.note ? "-- " : "", line.text);
    nlohmann::ordered_json fields;
    fields["schema"] = 1;
    fields["at"] = iso_time(line.at);
    fields["text"] = line.text;
    if (line.note) fields["note"] = true;
    return json_line(fields);
}

/// Prints them; waits where our own reader is behind.
Expected<ConsoleLines> VmConsole::shown(Contact& contact, Result<ConsoleLines> found) const {
    if (!found) return std::unexpected(failure(found.error()));
    if (found->missed) contact.console().fail("some lines are not shown: the log went on without us");
    for (const auto& line : found->lines)
        if (!streams().out().put(text_of(line))) streams().out().settle([] { return Signals::wish() != 0; }, never);
    if (!found->trouble.empty()) contact.console().fail(found->trouble);
    return std::move(*found);
}

Expected<int> VmConsole::follow(Contact& contact) const {
    // Before we capture anything ourselves: all of that is new.
    auto first = contact.finish(contact.vm().console_tail(lines_));
    if (!first) return std::unexpected(std::move(first.error()));
    auto capture = contact.vm().capture_console();
    capture.on_done([] { bell().ring(); });
    const auto over = [&capture] { return Signals::wish() != 0 || streams().out().broken() || capture.ready(); };
    auto lines = shown(contact, std::move(*first));
    while (lines) {
        auto more = contact.vm().console_after(lines->next);
        if (!await(more, bell(), over)) {
            more.cancel();
            break;
        }
        lines = shown(contact, more.get());
    }
    if (!lines) return std::unexpected(std::move(lines.error()));
    if (Signals::wish() != 0) return std::unexpected(contact.interrupted());
    if (!capture.ready()) return 0;  // our reader has gone
    const auto ended = capture.get();
    return std::unexpected(failure(ended.error()));
}

Expected<int> VmConsole::run(const Words& words) {
    if (words) return usage("console takes no command");
    if (lines_ > most_lines) return usage(fmt::format("--lines: at most {}", most_lines));
    auto contact = Contact::open(host_);
    if (!contact) return std::unexpected(std::move(contact.error()));
    if (!(*contact)->vm().target().console())
        return usage(host_.host() + ": it has no console: name one below [host.\"" + host_.host() +
                     "\".console] (vmc console --help)");
    if (follow_) return follow(**contact);
    auto found = (*contact)->finish((*contact)->vm().console_tail(lines_, listen));
    if (!found) return std::unexpected(std::move(found.error()));
    auto lines = shown(**contact, std::move(*found));
    if (!lines) return std::unexpected(std::move(lines.error()));
    return 0;
}

}  // namespace

std::unique_ptr<Verb> console_verb() { return std::make_unique<VmConsole>(); }

}  // namespace vmc::cli
