// SPDX-License-Identifier: Apache-2.0
// vmc incidents [HOST|ID]
#include <unistd.h>

#include <map>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <vm_connection/loop.hpp>

#include "app/cli/console.hpp"
#include "app/cli/json_text.hpp"
#include "app/cli/streams.hpp"
#include "app/cli/terminal.hpp"
#include "app/cli/verb.hpp"
#include "edge/store/file_store.hpp"
#include "model/incident_text.hpp"

namespace vmc::cli {

namespace {

constexpr auto incidents_examples = R"(Examples:
  vmc incidents                    the last 20: when, which VM, how it ended
  vmc incidents web-1              of one VM
  vmc incidents 20261128T042233Z-  one of them, each step
  vmc incidents --json             the log, a JSON object a line

The log and what was kept beside it (kernel log, pstore, the journal of the
boot before, jobs) are in ~/.local/state/vm-connection/incidents. Exit code: 0;
1 there is none; 64 usage; 125 they cannot be read.)";

constexpr std::size_t text_column = 26;  // behind the time and the event

struct Line {
    std::string at, incident, host, event, text;
};

class Incidents final : public Verb {
public:
    [[nodiscard]] std::string_view name() const override { return "incidents"; }
    [[nodiscard]] std::string_view summary() const override { return "what was done to bring VMs back"; }
    void describe(CLI::App& app) override {
        app.add_option("WHICH", which_, "a host, or the beginning of an id")->group("Words");
        app.add_option("--last", last_, "at most so many (20)")->option_text("N")->group("The answer");
        app.add_flag("--json", json_, "the log as it is, a JSON object a line")->group("The answer");
        app.footer(incidents_examples);
    }
    Expected<int> run(const Words& words) override;

private:
    [[nodiscard]] bool wanted(const Line& line) const {
        const auto at = line.host.find('@'), from = at == std::string::npos ? 0 : at + 1;
        const auto bare = line.host.substr(from, line.host.rfind(':') - from);
        return which_.empty() || line.incident.starts_with(which_) || line.host == which_ || bare == which_;
    }
    [[nodiscard]] std::string page(const std::vector<std::string>& order,
                                   const std::map<std::string, std::vector<Line>>& all) const;
    std::string which_;
    std::size_t last_ = 20;
    bool json_ = false;
};

std::optional<Line> read_line(std::string_view text) {
    const auto fields = nlohmann::json::parse(text, nullptr, false);
    if (!fields.is_object()) return std::nullopt;
    Line line;
    const auto take = [&](const char* key, std::string& into) {
        const auto found = fields.find(key);
        if (found != fields.end() && found->is_string()) into = found->get<std::string>();
        return !into.empty();
    };
    const bool whole = take("at", line.at) && take("incident", line.incident) && take("host", line.host) &&
                       take("event", line.event) && take("text", line.text);
    return whole ? std::optional(std::move(line)) : std::nullopt;
}

std::string Incidents::page(const std::vector<std::string>& order,
                            const std::map<std::string, std::vector<Line>>& all) const {
    std::string text;
    const auto columns = Terminal::width(STDOUT_FILENO);
    const std::size_t first = order.size() > last_ ? order.size() - last_ : 0;
    for (std::size_t i = first; i < order.size(); ++i) {
        const auto& lines = all.at(order[i]);
        const auto& end = lines.back();
        text += fmt::format("{}  {}\n", order[i], lines.front().host);
        if (order.size() == 1) {
            for (const auto& line : lines)
                text += fmt::format("  {}  {:<8}  {}\n", line.at.substr(11, 12), line.event,
                                    wrapped(line.text, text_column, columns));
        } else {
            const auto last = end.event == "closed" ? end.text : "open, last: " + end.event + " " + end.text;
            text += fmt::format("  {}\n  {}\n", wrapped(lines.front().text, 2, columns), wrapped(last, 2, columns));
        }
    }
    return text;
}

Expected<int> Incidents::run(const Words& words) {
    if (words) return usage("incidents takes no command");
    edge::FileStore store(default_state_directory());
    const auto log = store.read(model::incident_log_name);
    if (!log) return our_failure(log.error().line());
    std::map<std::string, std::vector<Line>> all;
    std::vector<std::string> order;
    std::string raw;
    std::string_view rest = *log ? std::string_view(**log) : std::string_view();
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        auto read = read_line(line);
        if (!read || !wanted(*read)) continue;
        raw += std::string(line) + "\n";
        auto& lines = all[read->incident];
        if (lines.empty()) order.push_back(read->incident);
        lines.push_back(std::move(*read));
    }
    if (order.empty()) return std::unexpected(Failure(1, which_.empty() ? "no incident" : "no incident of " + which_));
    print(json_ ? raw : page(order, all));
    return 0;
}

}  // namespace

std::unique_ptr<Verb> incidents_verb() { return std::make_unique<Incidents>(); }

}  // namespace vmc::cli
