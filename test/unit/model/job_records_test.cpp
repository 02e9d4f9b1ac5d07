// SPDX-License-Identifier: Apache-2.0
#include "model/job_records.hpp"

#include <string>

#include <doctest/doctest.h>

#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {

constexpr std::string_view mark = "0123456789abcdef";
constexpr std::string_view here = "11111111-1111-4111-8111-111111111111";
constexpr std::string_view before = "22222222-2222-4222-8222-222222222222";

/// What the VM answers about one job, and what follows from it.
class Story {
public:
    explicit Story(std::string_view boot = here) { text_ = "boot=" + std::string(boot) + "\njob=j\n"; }
    Story& says(std::string_view lines) {
        text_ += std::string(lines) + "\n";
        return *this;
    }
    Story& started(std::string_view boot = here) {
        return says("start.boot=" + std::string(boot) + "\nstart.wall=1000\nstart.supervisor=7");
    }
    [[nodiscard]] JobStatus status(std::string_view incarnation = {}) const {
        const auto printed =
            "noise\nvmc-begin-" + std::string(mark) + "\n" + text_ + "\nvmc-end-" + std::string(mark) + "\n";
        const auto answer = JobAnswer::parse(printed, mark);
        REQUIRE(answer);
        REQUIRE(answer->jobs.size() == 1);
        return job_status(*answer, answer->jobs.front(), incarnation);
    }

private:
    std::string text_;
};

const std::string ended = "result.state=exited\nresult.code=3\nresult.wall=1010\nresult.written=yes\n";

}  // namespace

TEST_CASE("a job is what its records say, read with the boot they were written in") {
    CHECK(Story().says("ready=yes").status().state == JobState::submitted);
    CHECK(Story().started().says("held=yes").status().state == JobState::running);
    CHECK(Story().started().says(ended).status().exit_code == 3);
    CHECK(Story().started().status().state == JobState::killed);
    CHECK(Story().started(before).status().state == JobState::interrupted);
    CHECK(Story("").started(before).status().state == JobState::unknown);
    CHECK(Story().says("buried=yes").status().state == JobState::refused);
    CHECK(Story().says("grave=yes\nready=yes").status().state == JobState::refused);
}

TEST_CASE("a grave alone is no job, and is not said to have been given up") {
    const auto removed = Story().says("attempts=1\ngrave=yes\nout_size=\nerr_size=").status();
    CHECK(removed.state == JobState::unknown);
    CHECK(removed.why == "there is no such job on the VM: it was removed, or never began");
    CHECK(Story().says("absent=yes").status().why == "there is no such job on the VM");
}

TEST_CASE("a grave beside a supervisor that is going decides nothing") {
    CHECK(Story().says("grave=yes\ngoing=yes").status().state == JobState::submitted);
    CHECK(Story().started().says("grave=yes\ngoing=yes\nheld=yes").status().state == JobState::running);
}

TEST_CASE("a job that is being entered again is neither ended nor refused, until another reboot comes between") {
    const std::string claimed = "request.boot=" + std::string(before) + "\nattempts=2\ngoing=yes\nready=yes\nclaimed=";
    const std::string shut_down =
        "\nresult.state=signalled\nresult.code=143\nresult.signal=TERM\nresult.attempt=0"
        "\nresult.during_shutdown=yes\nresult.written=yes";
    for (const auto& and_result : {std::string(), shut_down}) {
        const auto status = [&](std::string_view boot, const char* mark) {
            return Story().says(claimed + std::string(boot) + and_result + mark).status();
        };
        CHECK(status(here, "").state == JobState::submitted);
        CHECK(status(before, "").state == JobState::interrupted);
        CHECK(status("", "").state == JobState::interrupted);
        CHECK(status(here, "\nburied=yes").state == JobState::interrupted);
    }
}

TEST_CASE("what was claimed before a reboot and did not start never runs") {
    CHECK(Story().says("request.boot=" + std::string(before)).status().state == JobState::refused);
    CHECK(Story().says("request.boot=" + std::string(here)).status().state == JobState::submitted);
}

TEST_CASE("user space that began anew ends a job although the boot is the same") {
    Story story;
    story.started().says("start.incarnation=pid1=17");
    CHECK(story.status("pid1=17").state == JobState::killed);
    CHECK(story.status("pid1=99").state == JobState::interrupted);
    CHECK(story.status("").state == JobState::killed);
}

TEST_CASE("a record that is not whole is none") {
    const auto status = Story().started().says("result.state=exited\nresult.code=0").status();
    CHECK(status.state == JobState::killed);
    CHECK_FALSE(status.exit_code);
}

TEST_CASE("a result that a shutdown wrote is an interruption once the boot has changed") {
    Story story;
    story.started(before).says(
        "result.state=signalled\nresult.code=143\nresult.signal=TERM\nresult.during_shutdown=yes");
    story.says("result.written=yes");
    CHECK(story.status().state == JobState::interrupted);
    CHECK(story.status().cause == "shutting-down");
}

TEST_CASE("143 is an exit code, and SIGTERM is a signal") {
    auto record = [](std::string_view state, std::string_view signal) {
        return "result.state=" + std::string(state) + "\nresult.code=143\nresult.signal=" + std::string(signal) +
               "\nresult.written=yes";
    };
    const auto exited = Story().started().says(record("exited", "")).status();
    CHECK(exited.exit_code == 143);
    CHECK_FALSE(exited.signal);
    const auto signalled = Story().started().says(record("signalled", "TERM")).status();
    CHECK_FALSE(signalled.exit_code);
    CHECK(signalled.signal == "TERM");
}

TEST_CASE("why we ended it stands above how it ended") {
    auto record = [](std::string_view why) {
        return "result.state=exited\nresult.code=0\nresult.why=" + std::string(why) +
               "\nresult.killed=yes\nresult.written=yes";
    };
    CHECK(Story().started().says(record("timeout")).status().state == JobState::timed_out);
    CHECK(Story().started().says(record("cancelled")).status().state == JobState::cancelled);
    const auto capped = Story().started().says(record("output-cap")).status();
    CHECK(capped.state == JobState::killed);
    CHECK(capped.cause == "output-cap");
}

TEST_CASE("output that is shorter than its record says is told") {
    const auto status =
        Story().started().says(ended + "result.out_bytes=100\nresult.err_bytes=0\nout_size=60").status();
    CHECK(status.exit_code == 3);
    CHECK_FALSE(status.output_kept);
    CHECK(status.why == "40 bytes of its output are gone from the VM");
}

TEST_CASE("the attempt that wrote a result is the last one, also when it began while the job was read") {
    const auto status = Story().started().says(ended + "attempts=3\nresult.attempt=3\nresult.boot=later").status();
    CHECK(status.reboots == 3);
    CHECK(status.boot_id == "later");
}

TEST_CASE("a disk that was full is the cause, whatever the command made of it") {
    const auto ended_full = Story().started().says(ended + "result.full=yes").status();
    CHECK(ended_full.state == JobState::exited);
    CHECK(ended_full.exit_code == 3);
    CHECK(ended_full.cause == "disk-full");
    CHECK_FALSE(ended_full.output_kept);
    const auto unkept = Story().started().says(ended + "unkept=yes").status();
    CHECK(unkept.exit_code == 3);
    CHECK_FALSE(unkept.output_kept);
    const auto running = Story().started().says("held=yes\nfull=yes").status();
    CHECK(running.state == JobState::running);
    CHECK(running.cause == "disk-full");
}

TEST_CASE("an interrupted job died no earlier than its last durable beat") {
    const auto status = Story().started(before).says("beat=41 " + std::string(before) + " 77 1041").status();
    REQUIRE(status.ended_at);
    CHECK(*status.ended_at == WallTime(std::chrono::seconds(1041)));
}

TEST_CASE("the bytes behind an answer are those that it counts, whatever they hold") {
    const std::string nonce(mark), out = "\nvmc-end-" + nonce + "\n", err = "e\0x";
    const auto printed = "\nvmc-begin-" + nonce + "\nboot=x\njob=j\nout_bytes=" + std::to_string(out.size()) +
                         "\nerr_bytes=" + std::to_string(err.size()) + "\n\nvmc-data-" + nonce + "\n" + out + err +
                         "\nvmc-end-" + nonce + "\n";
    const auto answer = JobAnswer::parse(printed, mark);
    REQUIRE(answer);
    CHECK(answer->out == out);
    CHECK(answer->err == err);
    for (std::size_t cut = 0; cut < printed.size(); ++cut) {
        const auto part = printed.substr(0, cut);
        CHECK_FALSE(JobAnswer::parse(part, mark));
    }
}

TEST_CASE("whatever is read instead of an answer, it is no answer and no crash") {
    always([](const std::string& noise) {
        RC_ASSERT(!JobAnswer::parse(noise, mark));
        const auto framed =
            "\nvmc-begin-" + std::string(mark) + "\njob=j\n" + noise + "\nvmc-end-" + std::string(mark) + "\n";
        if (const auto answer = JobAnswer::parse(framed, mark))
            for (const auto& job : answer->jobs) static_cast<void>(job_status(*answer, job));
    });
}
