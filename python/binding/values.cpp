// SPDX-License-Identifier: Apache-2.0
#include "values.hpp"

#include <algorithm>

namespace vmc::python {

using namespace py::literals;

double since_1970(WallTime at) { return static_cast<double>(at.time_since_epoch().count()) / 1000.0; }

py::object text_or_none(const std::string& bytes) {
    return bytes.empty() ? py::object(py::none()) : py::object(text(bytes));
}

py::str text(std::string_view bytes) {
    auto* made = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace");
    if (!made) throw py::error_already_set();
    return py::reinterpret_steal<py::str>(made);
}

std::string bytes_of(const py::handle& value) {
    if (PyBytes_Check(value.ptr())) return py::reinterpret_borrow<py::bytes>(value);
    auto* made = PyUnicode_AsEncodedString(value.ptr(), "utf-8", "surrogateescape");
    if (!made) throw py::error_already_set();
    return py::reinterpret_steal<py::bytes>(made);
}

Duration span(double seconds) {
    constexpr double longest = 1e9;  // 31 years: more does not fit beside a clock's reading
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::clamp(seconds, 0.0, longest)));
}

WallTime wall_time(double seconds) {
    constexpr double longest = 1e10;  // the year 2286; a clock that was never set is 0
    const std::chrono::duration<double> since(std::clamp(seconds, 0.0, longest));
    return WallTime(std::chrono::duration_cast<WallTime::duration>(since));
}

double seconds(Duration span) { return std::chrono::duration<double>(span).count(); }

py::dict render(const Error& error) {
    return py::dict("code"_a = text(slug(error.code())), "stage"_a = text(slug(error.stage())),
                    "message"_a = text(error.message()), "peer_words"_a = text(error.peer_words()),
                    "took"_a = seconds(error.took()), "line"_a = text(error.line()));
}

py::dict render(const Outcome& outcome) {
    py::dict made("outcome"_a = text(outcome.slug()),
                  "exit_code"_a = outcome.exit_code() ? py::object(py::int_(*outcome.exit_code())) : py::none(),
                  "signal"_a = text_or_none(outcome.signal().value_or("")),
                  "may_have_run"_a = text(slug(outcome.may_have_run())), "reconnects"_a = outcome.reconnects,
                  "boot_id"_a = text_or_none(outcome.boot_id), "took"_a = seconds(outcome.took),
                  "stdout_bytes"_a = outcome.stdout_bytes, "stderr_bytes"_a = outcome.stderr_bytes,
                  "line"_a = text(outcome.line()));
    if (const auto* exited = outcome.as<Exited>()) made["output_open"] = exited->output_open;
    if (const auto* signalled = outcome.as<Signalled>()) made["core_dumped"] = signalled->core_dumped;
    if (const auto* timed_out = outcome.as<TimedOut>()) made["killed"] = text(slug(timed_out->killed));
    if (const auto* why = outcome.why()) made["failure"] = render(*why);
    return made;
}

py::dict render(const Health& health) {
    py::list evidence;
    for (const auto& piece : health.evidence)
        evidence.append(py::dict("layer"_a = text(slug(piece.layer)), "check"_a = text(piece.check),
                                 "answer"_a = text(slug(piece.answer)), "detail"_a = text(piece.detail),
                                 "took"_a = seconds(piece.took)));
    return py::dict(
        "level"_a = text(slug(health.level)), "verdict"_a = text(slug(health.verdict)), "claim"_a = health.claim,
        "alive"_a = health.alive, "confidence"_a = health.confidence, "ssh_available"_a = health.ssh_available,
        "network_reachable"_a = health.network_reachable, "os_signs"_a = health.os_signs,
        "ping"_a = text(slug(health.ping)), "port_behavior"_a = text(health.port_behavior),
        "tcp_stack"_a = text(slug(health.tcp_stack)),
        "response_time"_a = health.response_time ? py::object(py::float_(seconds(*health.response_time))) : py::none(),
        "cause"_a = text(health.cause), "evidence"_a = evidence);
}

py::dict render(const Diagnosis& diagnosis) {
    const auto texts = [](const std::vector<std::string>& lines) {
        py::list list;
        for (const auto& line : lines) list.append(text(line));
        return list;
    };
    py::list hypotheses;
    for (const auto& each : diagnosis.hypotheses)
        hypotheses.append(py::dict("cause"_a = text(each.cause), "probability"_a = each.probability,
                                   "speaks_for"_a = texts(each.speaks_for),
                                   "speaks_against"_a = texts(each.speaks_against)));
    const auto since =
        diagnosis.since ? py::object(py::float_(seconds(diagnosis.since->time_since_epoch()))) : py::none();
    return py::dict("health"_a = render(diagnosis.health), "since"_a = since, "hypotheses"_a = hypotheses,
                    "would_settle"_a = texts(diagnosis.would_settle),
                    "boot_change"_a = text(slug(diagnosis.boot_change)),
                    "boot"_a = diagnosis.boot ? py::object(render(*diagnosis.boot)) : py::none());
}

py::dict render(const BootRecord& record) {
    return py::dict("boot_id"_a = text(record.boot_id.text()), "incarnation"_a = text(record.incarnation),
                    "host_key"_a = text(record.identity.host_key), "machine_id"_a = text(record.identity.machine_id),
                    "product_uuid"_a = text(record.identity.product_uuid), "uptime"_a = seconds(record.uptime),
                    "read_at"_a = since_1970(record.read_at), "read_on"_a = seconds(record.read_on.time_since_epoch()),
                    "took"_a = seconds(record.took), "booted_at"_a = since_1970(record.booted_at));
}

py::dict render(const BootStory& story) {
    const auto time = [](const std::optional<WallTime>& at) {
        return at ? py::object(py::float_(since_1970(*at))) : py::none();
    };
    py::list evidence;
    for (const auto& clue : story.evidence)
        evidence.append(
            py::dict("tells"_a = text(clue.tells), "source"_a = text(clue.source), "text"_a = text(clue.text)));
    return py::dict(
        "change"_a = text(slug(story.change)), "before"_a = render(story.before), "now"_a = render(story.now),
        "boots"_a = story.boots ? py::object(py::int_(*story.boots)) : py::none(), "ended"_a = text(slug(story.ended)),
        "died_at"_a = time(story.died_at), "returned_at"_a = time(story.returned_at),
        "down"_a = story.down ? py::object(py::float_(seconds(*story.down))) : py::none(),
        "cause"_a = text(story.cause), "evidence"_a = evidence, "line"_a = text(story.line()));
}

py::dict render(const Notice& notice) {
    return py::dict("kind"_a = text(slug(notice.kind)), "at"_a = since_1970(notice.at), "text"_a = text(notice.text));
}

py::dict render(const PowerReading& reading) {
    return py::dict("state"_a = text(slug(reading.state)), "detail"_a = text(reading.detail),
                    "took"_a = seconds(reading.took));
}

py::dict render(const ConsoleLines& lines) {
    py::list all;
    for (const auto& line : lines.lines)
        all.append(py::dict("at"_a = since_1970(line.at), "text"_a = text(line.text), "note"_a = line.note));
    return py::dict("lines"_a = all, "trouble"_a = text(lines.trouble));
}

namespace {

ConsoleSource console_of(const py::handle& described) {
    const auto kind = bytes_of(described.attr("kind"));
    if (kind == "socket") return ConsoleSource::socket(bytes_of(described.attr("path")));
    if (kind == "file") return ConsoleSource::file(bytes_of(described.attr("path")));
    std::vector<std::string> words;
    for (const auto& word : described.attr("argv")) words.push_back(bytes_of(word));
    return ConsoleSource::command(std::move(words));
}

PowerSwitch switch_of(const py::handle& described) {
    const auto kind = bytes_of(described.attr("kind"));
    auto where = bytes_of(described.attr("where"));
    std::map<std::string, std::string> options;
    for (const auto& pair : described.attr("options").attr("items")()) {
        const auto entry = py::reinterpret_borrow<py::tuple>(pair);
        options.emplace(bytes_of(entry[0]), bytes_of(entry[1]));
    }
    std::map<std::string, std::vector<std::string>> programs;
    for (const auto& pair : described.attr("programs").attr("items")()) {
        const auto entry = py::reinterpret_borrow<py::tuple>(pair);
        auto& words = programs[bytes_of(entry[0])];
        for (const auto& word : entry[1]) words.push_back(bytes_of(word));
    }
    PowerSwitch made = kind == "qmp"     ? PowerSwitch::qmp(std::move(where))
                       : kind == "fence" ? PowerSwitch::fence(std::move(where), std::move(options))
                                         : PowerSwitch::command(std::move(programs));
    made.secrets(bytes_of(described.attr("secrets"))).within(span(described.attr("within").cast<double>()));
    return made;
}

}  // namespace

Target target_of(const py::handle& wanted) {
    const auto given = [&](const char* name) { return wanted.attr(name); };
    const auto is_given = [&](const char* name) { return !given(name).is_none(); };
    Target target(bytes_of(given("host")));
    target.user(bytes_of(given("user"))).port(given("port").cast<std::uint16_t>());
    target.connect_timeout(span(given("connection_timeout").cast<double>()));
    if (is_given("key_path")) target.key(bytes_of(given("key_path")));
    target.agent(given("agent").cast<bool>());
    const auto policy = bytes_of(given("host_keys"));
    if (policy == "strict") target.host_keys(HostKeyPolicy::strict);
    if (policy == "ephemeral") target.host_keys(HostKeyPolicy::ephemeral);
    if (is_given("pin")) target.pin(bytes_of(given("pin")));
    if (is_given("host_key_alias")) target.host_key_alias(bytes_of(given("host_key_alias")));
    if (is_given("proxy_command")) target.proxy_command(bytes_of(given("proxy_command")));
    if (is_given("canary")) {
        const auto canary = given("canary").cast<py::tuple>();
        target.canary(bytes_of(canary[0]), canary[1].cast<std::uint16_t>());
    }
    target.rescue_shell(given("rescue_shell").cast<bool>());
    if (is_given("console")) target.console(console_of(given("console")));
    if (is_given("power")) target.power(switch_of(given("power")));
    std::vector<std::string> known_hosts;
    for (const auto& file : given("known_hosts")) known_hosts.push_back(bytes_of(file));
    if (!known_hosts.empty()) target.known_hosts(std::move(known_hosts));
    return target;
}

Command command_of(const py::handle& spec) {
    std::vector<std::string> words;
    for (const auto& word : spec.attr("words")) words.push_back(bytes_of(word));
    Command command = words.empty() ? Command(bytes_of(spec.attr("line"))) : Command::words(std::move(words));
    if (!spec.attr("timeout").is_none()) command.within(span(spec.attr("timeout").cast<double>()));
    command.lost_after(span(spec.attr("lost_after").cast<double>()));
    for (const auto& pair : spec.attr("env").attr("items")()) {
        const auto entry = py::reinterpret_borrow<py::tuple>(pair);
        command.env(bytes_of(entry[0]), bytes_of(entry[1]));
    }
    if (auto cwd = bytes_of(spec.attr("cwd")); !cwd.empty()) command.cwd(std::move(cwd));
    if (spec.attr("sudo").cast<bool>()) command.sudo();
    if (auto password = spec.attr("sudo_password").cast<std::string>(); !password.empty())
        command.sudo_password(std::move(password));
    if (spec.attr("pty").cast<bool>()) command.pty(Pty());
    if (auto input = bytes_of(spec.attr("stdin")); !input.empty()) command.input(std::move(input));
    return command;
}

std::optional<BootRecord> record_of(const py::dict& given) {
    const auto word = [&](const char* name) { return bytes_of(given[name]); };
    const auto number = [&](const char* name) { return given[name].cast<double>(); };
    auto boot_id = BootId::parse(word("boot_id"));
    if (!boot_id) return std::nullopt;
    Identity identity;
    identity.host_key = word("host_key");
    identity.machine_id = word("machine_id");
    identity.product_uuid = word("product_uuid");
    return BootRecord{std::move(*boot_id),    word("incarnation"),           std::move(identity),
                      span(number("uptime")), wall_time(number("read_at")),  Instant(span(number("read_on"))),
                      span(number("took")),   wall_time(number("booted_at"))};
}

std::string boot_change(const py::dict& before, const py::dict& after) {
    const auto was = record_of(before);
    const auto is = record_of(after);
    return std::string(slug(was && is ? compare(*was, *is) : BootChange::unknown));
}

}  // namespace vmc::python
