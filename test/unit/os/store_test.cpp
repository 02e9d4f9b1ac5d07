// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "edge/store/file_store.hpp"
#include "unit/os/rig.hpp"

using namespace os;
using vmc::Code;
using vmc::edge::FileStore;

namespace {
std::string plus_one(std::optional<std::string> before) { return std::to_string(std::stoi(before.value_or("0")) + 1); }
mode_t mode_of(const std::string& path) {
    struct stat about{};
    REQUIRE(::lstat(path.c_str(), &about) == 0);
    return about.st_mode & 07777;
}
}  // namespace

TEST_CASE("what is written is read, absent is no error, and removing twice is none either") {
    Folder folder;
    FileStore store(folder.path + "/deep/state");
    CHECK(store.read("boots/web-1").value() == std::nullopt);
    REQUIRE(store.write("boots/web-1", std::string("a\0b", 3)).has_value());
    CHECK(store.read("boots/web-1").value() == std::string("a\0b", 3));
    REQUIRE(store.remove("boots/web-1").has_value());
    REQUIRE(store.remove("boots/web-1").has_value());
    CHECK(store.read("boots/web-1").value() == std::nullopt);
}

TEST_CASE("nobody else can read the state directory or what is in it") {
    Folder folder;
    FileStore store(folder.path + "/state");
    REQUIRE(store.write("breaker/1f3a", "x").has_value());
    CHECK(mode_of(folder.path + "/state") == 0700);
    CHECK(mode_of(folder.path + "/state/breaker") == 0700);
    CHECK(mode_of(folder.path + "/state/breaker/1f3a") == 0600);
}

TEST_CASE("names do not climb") {
    Folder folder;
    FileStore store(folder.path);
    for (const char* name : {"", "/etc/passwd", "../x", "a/../b", ".hidden", "a//b", "a/", "a b", "a\nb"}) {
        CAPTURE(name);
        auto done = store.write(name, "x");
        REQUIRE_FALSE(done.has_value());
        CHECK(done.error().code() == Code::bad_request);
    }
}

TEST_CASE("symlinks are refused, as records and as directories") {
    Folder folder;
    FileStore store(folder.path);
    std::ofstream(folder.path + "/secret") << "secret";
    REQUIRE(::symlink((folder.path + "/secret").c_str(), (folder.path + "/record").c_str()) == 0);
    CHECK_FALSE(store.read("record").has_value());
    std::filesystem::create_directory(folder.path + "/real");
    REQUIRE(::symlink((folder.path + "/real").c_str(), (folder.path + "/linked").c_str()) == 0);
    CHECK_FALSE(store.read("linked/x").has_value());
    CHECK_FALSE(store.write("linked/x", "x").has_value());
    Folder other;
    REQUIRE(::symlink(folder.path.c_str(), (other.path + "/state").c_str()) == 0);
    CHECK_FALSE(FileStore(other.path + "/state").write("x", "x").has_value());
}

TEST_CASE("what others may write to is not ours") {
    Folder folder;
    FileStore store(folder.path);
    REQUIRE(store.write("record", "x").has_value());
    ::chmod((folder.path + "/record").c_str(), 0666);
    CHECK_FALSE(store.read("record").has_value());
    if (::geteuid() == 0) {
        ::chmod((folder.path + "/record").c_str(), 0600);
        REQUIRE(::chown((folder.path + "/record").c_str(), 12345, 12345) == 0);
        CHECK_FALSE(store.read("record").has_value());
    }
}

TEST_CASE("updates by many processes at once lose nothing") {
    Folder folder;
    constexpr int processes = 4;
    constexpr int each = 25;
    std::vector<pid_t> children;
    for (int p = 0; p < processes; ++p) {
        const pid_t child = ::fork();
        if (child == 0) {
            FileStore store(folder.path);
            for (int i = 0; i < each; ++i)
                if (!store.update("count", plus_one)) ::_exit(1);
            ::_exit(0);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK(status == 0);
    }
    CHECK(FileStore(folder.path).read("count").value() == std::to_string(processes * each));
}

TEST_CASE("a writer killed at any moment leaves the old record or the new one, whole") {
    Folder folder;
    FileStore store(folder.path);
    const std::string old_record(100'000, 'o');
    const std::string new_record(100'000, 'n');
    for (int i = 0; i < 40; ++i) {
        REQUIRE(store.write("record", old_record).has_value());
        const pid_t child = ::fork();
        if (child == 0) {
            (void)FileStore(folder.path).write("record", new_record);
            ::_exit(0);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(25 * i));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        const auto content = store.read("record").value();
        CHECK((content == old_record || content == new_record));
    }
}

TEST_CASE("a record locked by somebody else for 2 s is a failure, not a hang") {
    Folder folder;
    FileStore store(folder.path);
    auto inner = [&](std::optional<std::string>) {
        const auto began = std::chrono::steady_clock::now();
        auto second = FileStore(folder.path).update("record", plus_one);
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error().code() == Code::local);
        CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(4));
        return std::string("done");
    };
    CHECK(store.update("record", inner).value() == "done");
}
