// SPDX-License-Identifier: Apache-2.0
// What a VM answers to our scripts. It may be anybody.
#include <algorithm>

#include "fuzz/target.hpp"
#include "model/boot_clues.hpp"
#include "model/console_lines.hpp"
#include "model/console_text.hpp"
#include "model/end_process.hpp"
#include "model/escape.hpp"
#include "model/facts.hpp"
#include "model/job_beat.hpp"
#include "model/job_records.hpp"
#include "model/job_stream.hpp"
#include "model/lines.hpp"
#include "model/listener.hpp"
#include "model/sudo.hpp"
#include "model/system_report.hpp"
#include "model/utf8.hpp"

namespace vmc::fuzz {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view boot = "ceb56c8c-724b-48dd-8e95-1576b5fe53f2";
constexpr std::size_t bound = 64 * 1024;

std::string framed(std::string_view body) {
    return "Welcome\n\nvmc-begin-" + std::string(mark) + "\n" + std::string(body) + "\nvmc-end-" + std::string(mark) +
           "\n";
}

/// In pieces whose lengths the bytes themselves decide.
template <class Take>
void in_pieces(std::string_view bytes, const Take& take) {
    while (!bytes.empty()) {
        const std::size_t size =
            std::min(bytes.size(), std::size_t{1} + static_cast<unsigned char>(bytes.front()) % 37);
        take(bytes.substr(0, size));
        bytes.remove_prefix(size);
    }
}

void facts(std::string_view bytes) {
    const auto read = model::parse_facts(bytes, mark);
    if (!read) return must(!read.error().line().empty(), "a failure has words");
    must(bytes.find("vmc-end-" + std::string(mark)) != std::string_view::npos, "facts end with our mark");
    must(BootId::parse(read->boot_id.text()).has_value(), "a boot id is one");
    must(read->uptime >= Duration{0}, "uptime is not negative");
    must(read->ssh_connection.size() < 200 && read->identity.machine_id.size() <= 32, "values are bounded");
}

void system_report(std::string_view bytes) {
    const WallTime noon{1800000000s};
    const auto read = model::parse_system(bytes, mark, {noon, noon + 1s});
    if (!read) return must(!read.error().line().empty(), "a failure has words");
    must(read->size() == 15, "all checks, always");
    for (const auto& each : *read) must(each.detail.size() < bound, "a detail is bounded");
}

void listener(std::string_view bytes) {
    const auto read = model::parse_listener(bytes, mark);
    if (read) must(bytes.find("listens=") != std::string_view::npos, "nobody listens unsaid");
}

void boot_clues(std::string_view bytes) {
    const auto read = model::parse_boot_clues(bytes, mark);
    if (!read) return;
    must(read->wtmp.size() <= 64 && read->panics.size() <= 64, "lists are bounded");
    for (const auto& panic : read->panics) must(panic.said.text.size() <= 400, "words are bounded");
}

void job_answer(std::string_view bytes) {
    const auto answer = model::JobAnswer::parse(bytes, mark);
    if (!answer) return;
    for (const auto& job : answer->jobs) {
        (void)model::why_no_job(job);
        const auto status = model::job_status(*answer, job, "pid1=1");
        must(!slug(status.state).empty(), "a state has a name");
    }
}

void end_answer(std::string_view bytes) {
    const auto read = model::parse_end(bytes, mark);
    if (read) must(read->reason.size() < bound, "a reason is bounded");
}

void sudo_answer(std::string_view bytes) { (void)model::parse_sudo(bytes, mark); }

/// Cut anywhere, what is left of the stream is the same, and what is taken out was a beat.
void beats(std::string_view bytes) {
    model::BeatSieve whole(mark), cut(mark);
    const auto once = whole.take(std::string(bytes));
    std::string pieces;
    in_pieces(bytes, [&](std::string_view piece) { pieces += cut.take(std::string(piece)); });
    must(once == pieces, "the cut does not matter");
    must(once.size() <= bytes.size(), "nothing is added");
    const auto beat = whole.beat();
    if (beat) must(bytes.find("vmc-beat-" + std::string(mark)) != std::string_view::npos, "a beat bears our mark");
}

void job_stream(std::string_view bytes) {
    for (const bool divided : {false, true}) {
        model::JobPosition position;
        model::JobReader reader(position, mark, divided);
        std::size_t taken = 0;
        in_pieces(bytes, [&](std::string_view piece) { taken += reader.take(piece).size(); });
        must(taken <= bytes.size(), "nothing is added");
        must(position.offset() == taken, "what was taken counts as delivered");
    }
}

void lines(std::string_view bytes) {
    std::string joined;
    model::LineSplitter splitter([&](std::string_view line, bool) { joined += line; }, 64);
    in_pieces(bytes, [&](std::string_view piece) { splitter.feed(piece); });
    splitter.finish();
    must(joined.size() <= bytes.size(), "nothing is added");
}

void console(std::string_view bytes) {
    model::ConsoleSplitter splitter;
    std::vector<ConsoleLine> all;
    in_pieces(bytes, [&](std::string_view piece) {
        for (auto& line : splitter.feed(piece, WallTime{1ms})) all.push_back(std::move(line));
    });
    if (auto rest = splitter.flush()) all.push_back(std::move(*rest));
    must(all.size() <= bytes.size(), "no line comes from nothing");
    for (const auto& line : all) {
        must(line.text.size() <= 4 * model::ConsoleSplitter::longest, "a line is bounded");
        must(line.text.find_first_of("\n\r\x1b") == line.text.npos, "nothing in it ends it, or is obeyed");
    }
    (void)model::latest_state(model::read_console(all));
    (void)model::parse_console_record(bytes);
}

void escape(std::string_view bytes) {
    model::TerminalEscaper escaper;
    std::string shown;
    in_pieces(bytes, [&](std::string_view piece) { shown += escaper.feed(piece); });
    shown += escaper.finish();
    must(shown == model::escape_for_terminal(bytes), "the cut does not matter");
    for (std::string_view rest = shown; !rest.empty();) {
        const auto step = model::utf8_step(rest);
        must(step.kind == model::Utf8Step::Kind::character, "what is shown is UTF-8");
        const bool control = step.character < 0x20 && step.character != '\n' && step.character != '\t';
        must(!control || step.character == '\r', "no control character passes");
        must(step.character != 0x7f && (step.character < 0x80 || step.character > 0x9f), "nor DEL or a C1");
        rest.remove_prefix(step.size);
    }
}

}  // namespace

void add_remote_targets(std::vector<Target>& all) {
    const std::string id(boot);
    all.push_back({"facts",
                   facts,
                   {framed("boot_id=" + id +
                           "\nuptime=1234.56\nmachine_id=0123456789abcdef0123456789abcdef\n"
                           "product_uuid=11111111-2222-3333-4444-555555555555\nbtime=1795751773\n"
                           "ssh_connection=192.0.2.1 40000 192.0.2.2 22\npid1=17\nsshd_pid=812\nsshd_start=4711\n"
                           "soft_reboots=0\n"),
                    framed("boot_id=\n"), "This account is not available.\n"}});
    all.push_back({"system",
                   system_report,
                   {framed("now=1800000000.5\nuptime=100.00 50.00\nspace=/ 1000000 500000 500000\ninodes=/ 1000 500\n"
                           "root=ext4 rw,relatime\nmem.MemTotal=1000000\nmem.MemAvailable=500000\nmem.SwapTotal=0\n"
                           "mem.SwapFree=0\npsi.memory=full avg10=0.00\npsi.io=full avg10=99.00\nload=0.10 0.20 0.30\n"
                           "cpus=2\nblocked=0\nzombies=0\ntainted=128\nunits=running\nwrite=ok 0.01\nreboot=no\n"),
                    framed("")}});
    all.push_back({"listener", listener, {framed("listens=yes\n"), framed("listens=no\n")}});
    all.push_back(
        {"boot-clues",
         boot_clues,
         {framed("boot_id=" + id +
                 "\nclock=1795751773\nboot=4c75dc34fd9a4d178f73882c5e5138d2\n"
                 "last_line=1795751772.638451 h1 systemd-journald[22]: Journal stopped\n"
                 "target=1795751772.617989 h1 systemd[1]: Reached target reboot.target - System Reboot.\n"
                 "recovery=1795751774.100000 h1 kernel: EXT4-fs (vda1): recovery complete\n"
                 "wtmp=reboot 2026-11-27T03:56:12+00:00\nwtmp_begins=2026-11-27T03:56:11+00:00\n"
                 "panic=pstore 1795751770 <0>[   12.3] Kernel panic - not syncing\npanic=kdump 1795751771 \n")}});
    all.push_back(
        {"job-answer",
         job_answer,
         {framed("boot=" + id + "\nup=100.00\nwall=1000\nuser=root\njob=j\nrequest.command=true\nstart.boot=" + id +
                 "\nstart.wall=1000\nstart.supervisor=7\nlock=free\nresult.code=0\nresult.out=12\nresult.err=0\n"
                 "why.why=cancelled\nwhy.killed=yes\nout=12\nerr=0\n"),
          framed("refused=no-space\nwords=No space left on device\n")}});
    all.push_back({"end", end_answer, {framed("killed=yes\nreason=gone after TERM\n"), framed("found=3\n")}});
    all.push_back({"sudo", sudo_answer, {framed("grant=free\n"), framed("sudo=0\n")}});
    const std::string beat = "\x1evmc-beat-" + std::string(mark) + " " + id + " 1795751773\n";
    all.push_back({"beats", beats, {"some output\n" + beat + "more of it\n" + beat + beat, "\x1evmc-beat-"}});
    all.push_back({"job-stream", job_stream, {"start=0\n\nvmc-data-" + std::string(mark) + "\nthe data\n", "no data"}});
    all.push_back({"lines", lines, {"one\r\ntwo\nthree", "\r\r\n\n" + std::string(200, 'x')}});
    all.push_back(
        {"console",
         console,
         {"SeaBIOS (version 1.16)\n\r\x1b[0m[    0.0][    T1] Linux version 6.1\r\n\r\nweb-1 login: [ 9.9] Kernel "
          "panic - not syncing: x",
          "2025-11-28T12:00:00.123Z* note", "Copying data : [ 45.2 %]\r[  OK  ] \x1b[1mDropping to a shell!\r"}});
    all.push_back(
        {"escape", escape, {"\x1b]0;title\x07 \xc2\x9b 31m \xe2\x80\xae r\xc3\xa9sum\xc3\xa9 \xf0\x9f\x98\x80\r\n"}});
}

}  // namespace vmc::fuzz
