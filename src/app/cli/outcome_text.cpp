// SPDX-License-Identifier: Apache-2.0
#include "app/cli/outcome_text.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "app/cli/console.hpp"
#include "app/cli/json_text.hpp"

namespace vmc::cli {

namespace {

using json = nlohmann::ordered_json;

json ending_fields(const Outcome& outcome) {
    json fields = json::object();
    if (const auto* exited = outcome.as<Exited>()) fields["output_open"] = exited->output_open;
    if (const auto* timed_out = outcome.as<TimedOut>()) fields["killed"] = slug(timed_out->killed);
    if (const auto* why = outcome.why()) {
        fields["stage"] = slug(why->stage());
        fields["code"] = slug(why->code());
        fields["message"] = line_of(*why);
    }
    return fields;
}

}  // namespace

std::string outcome_json(const std::string& host, const Outcome& outcome, std::string_view cause,
                         std::string_view event) {
    json fields;
    fields["schema"] = 1;
    if (!event.empty()) fields["event"] = event;
    fields["host"] = host;
    fields["outcome"] = outcome.slug();
    fields["exit_code"] = or_null(outcome.exit_code());
    fields["signal"] = or_null(outcome.signal());
    fields["may_have_run"] = slug(outcome.may_have_run());
    fields["reconnects"] = outcome.reconnects;
    fields["stdout_bytes"] = outcome.stdout_bytes;
    fields["stderr_bytes"] = outcome.stderr_bytes;
    fields["boot_id"] = outcome.boot_id.empty() ? json() : json(outcome.boot_id);
    fields["cause"] = cause;
    fields["took_ms"] = milliseconds(outcome.took);
    fields.update(ending_fields(outcome));
    return json_line(fields);
}

std::string outcome_line(const Outcome& outcome) {
    if (const auto* refused = outcome.as<Refused>()) return line_of(refused->why);
    if (const auto* lost = outcome.as<Lost>())
        return "lost: " + line_of(lost->why) + " (may have run: " + std::string(slug(lost->may_have_run)) + ")";
    if (const auto* exited = outcome.as<Exited>(); exited && !exited->output_open) return "";
    return outcome.line();
}

std::string OutputEvents::feed(std::string_view bytes) {
    held_ += bytes;
    const auto rest = unfinished(held_);
    const auto text = line(std::string_view(held_).substr(0, held_.size() - rest));
    held_.erase(0, held_.size() - rest);
    return text;
}

std::string OutputEvents::finish() { return line(std::exchange(held_, {})); }

std::string OutputEvents::line(std::string_view bytes) const {
    if (bytes.empty()) return {};
    json fields;
    fields["schema"] = 1;
    fields["event"] = stream_ == Stream::out ? "stdout" : "stderr";
    if (is_utf8(bytes)) fields["data"] = bytes;
    else fields["base64"] = base64(bytes);
    return json_line(fields);
}

std::string notice_event(const Notice& notice) {
    json fields;
    fields["schema"] = 1;
    fields["event"] = "notice";
    fields["kind"] = slug(notice.kind);
    fields["at"] = iso_time(notice.at);
    fields["text"] = notice.text;
    return json_line(fields);
}

}  // namespace vmc::cli
