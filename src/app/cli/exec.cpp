// SPDX-License-Identifier: Apache-2.0
// vmc exec HOST -- COMMAND
#include <CLI/CLI.hpp>

#include "app/cli/attendance.hpp"
#include "app/cli/contact.hpp"
#include "app/cli/diagnosis_text.hpp"
#include "app/cli/outcome_text.hpp"
#include "app/cli/result_file.hpp"
#include "app/cli/terminal.hpp"
#include "app/cli/verb.hpp"
#include "model/cause.hpp"
#include "model/exit_code.hpp"
#include "model/quote.hpp"

namespace vmc::cli {

namespace {

constexpr auto exec_examples = R"(Examples:
  vmc exec root@web-1 -- 'uname -r; uptime'    one argument is a shell line
  vmc exec web-1 -- grep 'a  b' "my file"      several arrive exactly as typed
  tar c src | vmc exec web-1 -- tar x -C /tmp  streams are those of the command
  vmc exec --timeout 5m web-1 -- make check    ended on the VM when time is up

The command runs at most once: after a loss it is reported, never sent again.
Exit code: the command's own; 124 time was up; 125 we failed; 128+n signal n;
255 not reached, or lost; 64 this command line makes no sense. --result FILE
tells a remote 255 from ours.)";

/// A timeout is told as it was asked for, with the time that connecting took.
Outcome as_asked(const Outcome& outcome, Duration limit) {
    const auto* late = outcome.as<TimedOut>();
    if (late == nullptr) return outcome;
    Outcome told(TimedOut{late->killed, limit});
    told.stdout_bytes = outcome.stdout_bytes;
    told.stderr_bytes = outcome.stderr_bytes;
    told.reconnects = outcome.reconnects;
    told.took = outcome.took;
    told.boot_id = outcome.boot_id;
    return told;
}

class Exec final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "exec"; }
    [[nodiscard]] std::string_view summary() const override { return "run a command and stream what it prints"; }
    void describe(CLI::App& app) override;
    Expected<int> run(const Words& words) override;

private:
    [[nodiscard]] Expected<Command> command(const Words& words) const;
    [[nodiscard]] Expected<Duration> limit() const;
    Outcome reach_and_run(Command command, Contact& contact, Instant deadline);
    [[nodiscard]] Expected<int> report(const Outcome& outcome, ResultFile& file, Instant deadline) const;
    void say_what_broke(Contact& contact, Instant deadline) const;
    [[nodiscard]] std::optional<Error> refusing_shell(const Outcome& outcome, Contact& contact) const;

    HostOptions host_;
    std::optional<std::string> timeout_;
    std::optional<std::string> lost_after_;
    std::vector<std::string> env_;
    std::string cwd_;
    std::string result_;
    bool sudo_ = false;
    bool ask_sudo_password_ = false;
    bool no_input_ = false;
    bool pty_ = false;
    bool raw_ = false;
    bool json_ = false;
    std::optional<Error> restricted_;
};

void Exec::describe(CLI::App& app) {
    host_.describe(app);
    const auto* running = "The command";
    app.add_option("--timeout", timeout_, "end it on the VM after this long, connecting included")
        ->option_text("SPAN")
        ->group(running);
    app.add_option("--lost-after", lost_after_, "how long a silent link may stay suspect (5m)")
        ->option_text("SPAN")
        ->group(running);
    app.add_option("--env", env_, "set a variable for it; may be repeated")
        ->option_text("NAME=VALUE")
        ->allow_extra_args(false)
        ->group(running);
    app.add_option("--cwd", cwd_, "run it in this directory")->option_text("DIR")->group(running);
    app.add_flag("--sudo", sudo_, "run it through sudo")->group(running);
    app.add_flag("--ask-sudo-password", ask_sudo_password_, "the same, for a sudo that wants a password")
        ->group(running);
    const auto* streams_group = "Its streams";
    app.add_flag("-n", no_input_, "give it no input (else our stdin is forwarded)")->group(streams_group);
    app.add_flag("-t", pty_, "give it a terminal")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->group(streams_group);
    app.add_flag("--raw", raw_, "on a terminal, do not escape what it prints")->group(streams_group);
    app.add_flag("--json", json_, "everything as it happens, one JSON line each")->group(streams_group);
    app.add_option("--result", result_, "write how it ended to this file, as JSON")
        ->option_text("FILE")
        ->group(streams_group);
    app.footer(exec_examples);
}

Expected<Command> Exec::command(const Words& words) const {
    if (!words) return usage("the command stands after --, as in: vmc exec " + host_.host() + " -- uptime");
    if (words->empty() || (words->size() == 1 && words->front().find_first_not_of(" \t\n") == std::string::npos))
        return usage("the command after -- is empty");
    auto command = words->size() == 1 ? Command(words->front()) : Command::words(*words);
    for (const auto& pair : env_) {
        const auto equals = pair.find('=');
        if (equals == std::string::npos || equals == 0) return usage("--env: not NAME=VALUE: \"" + pair + "\"");
        command.env(pair.substr(0, equals), pair.substr(equals + 1));
    }
    if (!cwd_.empty()) command.cwd(cwd_);
    command.sudo(sudo_);
    if (pty_) command.pty(Terminal::describe());
    if (auto line = model::wire_line(command); !line) return usage(line.error().message());
    if (!ask_sudo_password_) return command;
    if (pty_) return usage("--ask-sudo-password does not go with -t, which would show it");
    auto password = Terminal::ask_secretly("Password for sudo on " + host_.host() + ": ");
    if (!password) return usage("--ask-sudo-password: there is no terminal to ask on");
    command.sudo_password(std::move(*password));
    return command;
}

Expected<Duration> Exec::limit() const {
    if (!timeout_) return Duration::max();
    return span_of("--timeout", *timeout_);
}

Expected<int> Exec::run(const Words& words) {
    auto asked = command(words);
    if (!asked) return std::unexpected(std::move(asked.error()));
    const auto limit = this->limit();
    if (!limit) return std::unexpected(limit.error());
    auto file = ResultFile::claim(result_);
    if (!file) return std::unexpected(std::move(file.error()));
    const Instant deadline = timeout_ ? now() + *limit : never;

    auto contact = Contact::open(host_, *limit);
    if (!contact) return std::unexpected(std::move(contact.error()));
    const auto lost_after = span_of("--lost-after", lost_after_.value_or((*contact)->settings().text("lost_after")));
    if (!lost_after) return std::unexpected(lost_after.error());
    asked->lost_after(*lost_after);

    const auto outcome = reach_and_run(std::move(*asked), **contact, deadline);
    restricted_ = refusing_shell(outcome, **contact);
    auto code = report(outcome, *file, deadline);
    if (outcome.as<Lost>()) say_what_broke(**contact, deadline);
    return code;
}

Outcome Exec::reach_and_run(Command command, Contact& contact, Instant deadline) {
    if (!raw_ && !pty_ && !json_) streams().escape_for_terminals();
    if (json_) contact.also_hear([](const Notice& notice) { print(notice_event(notice)); });
    auto up = contact.finish(contact.vm().connect());
    if (!up) return Outcome(Refused{Error(Code::cancelled, Stage::none, "before it was sent")});
    if (!*up) return Outcome(Refused{std::move(up->error())});
    if (deadline < never) command.within(left_until(deadline));
    Attendance attendance(contact, json_ ? Attendance::Form::json : Attendance::Form::bytes, !no_input_);
    auto outcome = attendance.run(std::move(command), deadline);
    return as_asked(outcome, limit().value_or(Duration{}));
}

void Exec::say_what_broke(Contact& contact, Instant deadline) const {
    if (Signals::wish() != 0 || (host_.loudness() == Loudness::quiet && !json_)) return;
    const auto diagnosis = last_look(contact, deadline);
    if (!diagnosis) return;
    if (json_) print(diagnosis_json(host_.host(), *diagnosis, "diagnosis"));
    else
        contact.console().say("now " + std::string(slug(diagnosis->health.verdict)) + ": " +
                              diagnosis_line(*diagnosis));
}

/// nologin(8) says its sentence and exits 1, as many a command does. When it looks like that, one
/// question tells whether there is a shell at all.
std::optional<Error> Exec::refusing_shell(const Outcome& outcome, Contact& contact) const {
    constexpr std::uint64_t longest_sentence = 1024;
    if (outcome.exit_code() != 1 || outcome.stdout_bytes + outcome.stderr_bytes > longest_sentence ||
        outcome.took > std::chrono::seconds(2) || Signals::wish() != 0)
        return std::nullopt;
    auto boot = contact.vm().boot();
    if (!await(boot, bell(), [] { return Signals::wish() != 0; }, now() + std::chrono::seconds(2))) return std::nullopt;
    auto read = boot.get();
    if (read || read.error().code() != Code::restricted_shell) return std::nullopt;
    return std::move(read.error());
}

Expected<int> Exec::report(const Outcome& outcome, ResultFile& file, Instant deadline) const {
    const auto settled = settle_output(outcome, deadline);
    const auto cause = restricted_ ? model::cause_of(*restricted_) : model::cause_of(outcome);
    if (json_) print(outcome_json(host_.host(), outcome, cause, "outcome"));
    if (auto written = file.write(outcome_json(host_.host(), outcome, cause)); !written)
        return std::unexpected(std::move(written.error()));
    if (settled)
        return std::unexpected(
            Failure(settled->exit_code, settled->line.empty() ? "" : host_.host() + ": " + settled->line));
    if (const auto line = outcome_line(outcome);
        !line.empty() && (!outcome.exit_code() || host_.loudness() != Loudness::quiet))
        tell(host_.host() + ": " + line + (outcome.why() != nullptr ? host_.advice_on(*outcome.why()) : ""));
    if (restricted_) tell(host_.host() + ": " + line_of(*restricted_));
    const bool no_time = outcome.as<Refused>() && outcome.why()->code() == Code::timed_out && now() >= deadline;
    return no_time ? model::exit_timed_out : model::exit_code_of(outcome);
}

}  // namespace

std::unique_ptr<Verb> exec_verb() { return std::make_unique<Exec>(); }

}  // namespace vmc::cli
