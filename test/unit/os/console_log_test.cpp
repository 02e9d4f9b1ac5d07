// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include <filesystem>
#include <fstream>

#include "edge/console/file_place.hpp"
#include "edge/console/log.hpp"
#include "unit/os/rig.hpp"

using namespace os;
using namespace vmc;
using namespace vmc::edge;
using namespace std::chrono_literals;

namespace {

std::vector<ConsoleLine> lines(int from, int to) {
    std::vector<ConsoleLine> made;
    for (int i = from; i < to; ++i) {
        ConsoleLine line;
        line.at = WallTime{1'764'331'200'000ms + std::chrono::milliseconds(i)};
        line.text = "line " + std::to_string(i);
        made.push_back(std::move(line));
    }
    return made;
}

std::string texts(const ConsoleLines& found) {
    std::string text;
    for (const auto& line : found.lines) text += line.text.substr(line.text.find(' ') + 1) + ",";
    return text;
}

struct Desk {
    explicit Desk(std::uint64_t at_most = FileConsoleLogs::full)
        : helpers(rig.io.get_executor()), logs(helpers, folder.path + "/state", at_most) {}
    std::unique_ptr<port::ConsoleLog> open() { return std::move(logs.open("console/web-1").value()); }
    [[nodiscard]] std::string path(const char* name) const { return folder.path + "/state/console/web-1/" + name; }
    ConsoleLines tail(port::ConsoleLog& log, std::size_t count) { return rig.run(log.tail(count)).value(); }
    ConsoleLines after(port::ConsoleLog& log, ConsoleCursor from) { return rig.run(log.after(from)).value(); }
    Rig rig;
    Folder folder;
    OffLoop helpers;
    FileConsoleLogs logs;
};

}  // namespace

TEST_CASE("what is written is read from its end, and on from there") {
    Desk desk;
    const auto log = desk.open();
    CHECK(desk.tail(*log, 10).lines.empty());
    CHECK(desk.after(*log, ConsoleCursor()).lines.empty());
    REQUIRE(log->lock().value());
    REQUIRE(log->append(lines(0, 5)));
    const auto last = desk.tail(*log, 3);
    CHECK(texts(last) == "2,3,4,");
    CHECK(desk.after(*log, last.next).lines.empty());
    REQUIRE(log->append(lines(5, 7)));
    const auto more = desk.after(*log, last.next);
    CHECK(texts(more) == "5,6,");
    CHECK_FALSE(more.missed);
    CHECK(desk.after(*log, more.next).lines.empty());
    CHECK(texts(desk.after(*log, ConsoleCursor())) == "0,1,2,3,4,5,6,");
    struct stat about{};
    REQUIRE(::stat(desk.path("log").c_str(), &about) == 0);
    CHECK((about.st_mode & 07777) == 0600);
}

TEST_CASE("a full log becomes the one before, which goes when the next is full") {
    constexpr std::uint64_t at_most = 1000;
    Desk desk(at_most);
    const auto log = desk.open();
    REQUIRE(log->lock().value());
    const auto first = desk.tail(*log, 1).next;
    REQUIRE(log->append(lines(0, 1)));
    const auto beginning = desk.tail(*log, 0).next;
    std::string seen = "0,";
    auto at = beginning;
    for (int i = 1; i < 200; ++i) {
        REQUIRE(log->append(lines(i, i + 1)));
        for (const char* name : {"log", "log.1"})
            if (std::filesystem::exists(desk.path(name))) CHECK(std::filesystem::file_size(desk.path(name)) <= at_most);
        // Whoever keeps up misses nothing, over all the turns.
        for (auto more = desk.after(*log, at); !more.lines.empty(); more = desk.after(*log, at)) {
            CHECK_FALSE(more.missed);
            seen += texts(more);
            at = more.next;
        }
    }
    std::string all;
    for (int i = 0; i < 200; ++i) all += std::to_string(i) + ",";
    CHECK(seen == all);
    // The last lines of both, in one piece; who comes late is told so.
    const auto kept = desk.tail(*log, 1000);
    CHECK(kept.lines.size() > 25);
    CHECK(kept.lines.size() < 60);
    CHECK(all.ends_with(texts(kept)));
    CHECK(texts(desk.tail(*log, 30)) == texts(kept).substr(texts(kept).size() - texts(desk.tail(*log, 30)).size()));
    CHECK(desk.tail(*log, 30).lines.size() == std::min<std::size_t>(30, kept.lines.size()));
    const auto late = desk.after(*log, beginning);
    CHECK(late.missed);
    CHECK(late.lines.front().text == kept.lines.front().text);
    CHECK_FALSE(desk.after(*log, first).missed);
}

TEST_CASE("one writes, and the next when he has given the lock back") {
    Desk desk;
    const auto one = desk.open(), other = desk.open();
    CHECK(one->lock().value());
    CHECK_FALSE(other->lock().value());
    REQUIRE(one->append(lines(0, 2)));
    one->unlock();
    CHECK(other->lock().value());
    CHECK_FALSE(one->lock().value());
    REQUIRE(other->append(lines(2, 3)));
    CHECK(texts(desk.tail(*one, 9)) == "0,1,2,");
}

TEST_CASE("who stands by is woken by what is written and by the lock that is given back") {
    Desk desk;
    const auto writer = desk.open(), reader = desk.open();
    REQUIRE(writer->lock().value());
    auto wait = [&](Duration span) -> Async<Result<bool>> {
        co_await reader->wait_for_change(in(span));
        co_return true;
    };
    CHECK(desk.rig.run(wait(0s)).value());  // the first call only begins to watch
    REQUIRE(writer->append(lines(0, 1)));
    auto began = SystemClock::read();
    CHECK(desk.rig.run(wait(60s)).value());
    CHECK(SystemClock::read() - began < 4s);
    writer->unlock();
    began = SystemClock::read();
    CHECK(desk.rig.run(wait(60s)).value());
    CHECK(SystemClock::read() - began < 4s);
    CHECK(reader->lock().value());
}

TEST_CASE("a line that a crash tore is left out, and what follows it is whole") {
    Desk desk;
    {
        const auto log = desk.open();
        REQUIRE(log->lock().value());
        REQUIRE(log->append(lines(0, 2)));
    }
    std::ofstream(desk.path("log"), std::ios::app) << "2025-11-28T12:00:0";
    const auto log = desk.open();
    const auto before = desk.tail(*log, 9);
    CHECK(texts(before) == "0,1,");
    REQUIRE(log->lock().value());
    REQUIRE(log->append(lines(2, 3)));
    CHECK(texts(desk.tail(*log, 9)) == "0,1,2,");
    CHECK(texts(desk.after(*log, before.next)) == "2,");
}

TEST_CASE("a log that is none of ours is not read and not written to") {
    for (const char* damage : {"", "hello\n", "# vm-connection console x\n", "# vm-connection console 0\n"}) {
        CAPTURE(damage);
        Desk desk;
        {
            const auto log = desk.open();
            REQUIRE(log->lock().value());
        }
        std::ofstream(desk.path("log")) << damage;
        std::filesystem::permissions(desk.path("log"), std::filesystem::perms(0600));
        const auto log = desk.open();
        CHECK(desk.tail(*log, 9).lines.empty());
        REQUIRE(log->lock().value());
        REQUIRE(log->append(lines(0, 1)));
        CHECK(texts(desk.tail(*log, 9)) == "0,");
    }
    Desk desk;
    (void)desk.open();
    std::filesystem::create_symlink("/etc/hostname", desk.path("log"));
    const auto log = desk.open();
    REQUIRE(log->lock().value());
    CHECK_FALSE(log->append(lines(0, 1)));
    CHECK_FALSE(desk.rig.run(log->tail(1)));
}

TEST_CASE("a disk that is full is said, and what was written before stays whole") {
    Desk desk;
    const auto log = desk.open();
    REQUIRE(log->lock().value());
    REQUIRE(log->append(lines(0, 2)));
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit little{std::filesystem::file_size(desk.path("log")) + 10, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &little);
    const auto refused = log->append(lines(2, 3));
    ::setrlimit(RLIMIT_FSIZE, &before);
    CHECK_FALSE(refused);
    CHECK(texts(desk.tail(*log, 9)) == "0,1,");
    REQUIRE(log->append(lines(3, 4)));
    CHECK(texts(desk.tail(*log, 9)) == "0,1,3,");
}

TEST_CASE("a place in a file reads back, and nothing else passes for one") {
    FilePlace place(64768, 1234);
    place.pass("");
    CHECK(FilePlace::parse(place.serialise())->offset == 0);
    place.pass(std::string(100, 'a') + '\n' + '\0');
    place.pass("z");
    const auto back = FilePlace::parse(place.serialise());
    REQUIRE(back);
    CHECK(back->is_in(64768, 1234));
    CHECK_FALSE(back->is_in(64768, 1235));
    CHECK(back->offset == 103);
    CHECK(back->mark == std::string(61, 'a') + '\n' + '\0' + 'z');
    CHECK(FilePlace().serialise().empty());
    for (const char* text : {"", "1 2", "1 2 3 ", "1 2 3 zz", "1 2 1 zz", "1 2 -1 ", "1 2 1 61 x", "1 2 1 6"}) {
        CAPTURE(text);
        CHECK_FALSE(FilePlace::parse(text));
    }
}
