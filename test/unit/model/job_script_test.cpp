// SPDX-License-Identifier: Apache-2.0
#include "model/job_script.hpp"

#include <doctest/doctest.h>

#include "model/base64.hpp"
#include "model/job_text.hpp"
#include "unit/property.hpp"

using namespace vmc;
using namespace vmc::model;

namespace {

JobOrder order_of(JobRequest request) { return JobOrder(std::move(request), "123e4567-e89b-42d3-a456-426614174000"); }

JobPlace place() { return *JobPlace::parse("root=/var/lib/x\ndev=7\nmachine=m\nsync=sync\nsetsid=fork\n"); }

}  // namespace

TEST_CASE("an id is a UUID and becomes the name of a directory") {
    CHECK(is_job_id("123e4567-e89b-42d3-a456-426614174000"));
    for (const auto* bad : {"", "..", "123e4567-e89b-42d3-a456-42661417400", "123E4567-e89b-42d3-a456-426614174000",
                            "123e4567/e89b-42d3-a456-426614174000", "123e4567-e89b-42d3-a456-426614174000 "})
        CHECK_FALSE(is_job_id(bad));
    always([](std::uint64_t one, std::uint64_t two) {
        const auto id = job_id(one, two);
        RC_ASSERT(is_job_id(id));
        RC_ASSERT(id[14] == '4');
        RC_ASSERT(std::string("89ab").find(id[19]) != std::string::npos);
    });
}

TEST_CASE("a name can be typed, and is no option and no path") {
    for (const auto* good : {"soak", "a.b_c-1", "1"}) CHECK(is_job_name(good));
    for (const auto* bad : {"", "-x", ".x", "a/b", "a b", "a\nb", "\xc3\xa9"}) CHECK_FALSE(is_job_name(bad));
    CHECK_FALSE(is_job_name(std::string(65, 'a')));
}

TEST_CASE("what is wrong with a request is said before anything is sent") {
    CHECK(fault_of(JobRequest(Command("true"))).empty());
    CHECK(fault_of(JobRequest(Command(""))) == "no command given");
    CHECK(fault_of(JobRequest(Command("true").pty(Pty()))) == "a job has no terminal");
    CHECK_FALSE(fault_of(JobRequest(Command("true")).id("x")).empty());
    CHECK_FALSE(fault_of(JobRequest(Command("true")).name("a/b")).empty());
    CHECK_FALSE(fault_of(JobRequest(Command("true")).directory("relative")).empty());
}

TEST_CASE("values of the environment are in no record, and make another job of it") {
    const auto one = order_of(JobRequest(Command("env").env("TOKEN", "hunter2")));
    const auto two = order_of(JobRequest(Command("env").env("TOKEN", "hunter3")));
    CHECK(one.record("boot").find("hunter2") == std::string::npos);
    CHECK(one.record("boot").find("env=TOKEN ") != std::string::npos);
    CHECK(one.digest() != two.digest());
    CHECK(one.digest() == order_of(JobRequest(Command("env").env("TOKEN", "hunter2"))).digest());
    CHECK(one.runner(place(), "").find("export TOKEN='hunter2'") != std::string::npos);
}

TEST_CASE("a record holds any command in one line, and gives it back") {
    always([](const std::string& text) {
        const auto value = as_value(text);
        RC_ASSERT(value.find('\n') == std::string::npos);
        RC_ASSERT(from_value(value) == text);
    });
}

TEST_CASE("base64 is read back") {
    always([](const std::string& bytes) { RC_ASSERT(base64_decode(base64(bytes)) == bytes); });
    CHECK(base64("f") == "Zg==");
    CHECK(base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("every operation is one function, called by its last line with the nonce") {
    const std::string nonce = "0123456789abcdef";
    const auto order = order_of(JobRequest(Command("echo 'it'\\''s'")));
    for (const auto& script : {prepare_script("", true, nonce), submit_script(place(), JobMoment(), order, nonce),
                               list_script(place(), nonce), look_script(place(), order.id, JobOffsets(), 1, nonce),
                               cancel_script(place(), order.id, Duration(), nonce),
                               follow_script(place(), order.id, JobOffsets(), JobOffsets(), Duration(), nonce)}) {
        CHECK(script.starts_with("vmc() {\n[ \"$1\" = " + nonce + " ] || exit 97\n"));
        CHECK(script.ends_with("\nfinish\n}\nvmc " + nonce + "\n"));
    }
}

TEST_CASE("a place that would lose a job says why") {
    CHECK(place().why_not_durable().empty());
    CHECK(JobPlace::parse(place().text())->text() == place().text());
    CHECK_FALSE(JobPlace::parse("dev=1\n"));
    auto changed = [](auto change) {
        auto one = place();
        change(one);
        return one.why_not_durable();
    };
    CHECK(changed([](JobPlace& p) { p.filesystem = "tmpfs"; }).find("in memory") != std::string::npos);
    CHECK(changed([](JobPlace& p) { p.sync = "none"; }).find("through to the disk") != std::string::npos);
    CHECK(changed([](JobPlace& p) { p.free_kib = 3; }).find("no space") != std::string::npos);
    CHECK(changed([](JobPlace& p) { p.free_inodes = 3; }).find("no inodes") != std::string::npos);
    CHECK(changed([](JobPlace& p) { p.free_inodes = 0; }).empty());
}
