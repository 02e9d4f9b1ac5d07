// SPDX-License-Identifier: Apache-2.0
// The script is run for real: this process plays sshd, its children are the commands.
#include "model/end_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>

#include <chrono>
#include <utility>

#include "unit/model/shell.hpp"

using namespace vmc;
using namespace vmc::model;
using namespace std::chrono_literals;

namespace {

const std::string mark = nonce(0x1234567890abcdef);
const std::string connection = "192.0.2.1 40000 192.0.2.2 22";

/// A command as sshd starts it: a session leader. Ended and reaped with the test.
class Started {
public:
    explicit Started(const std::string& line, bool leader = true) {
        int ready[2];
        REQUIRE(pipe2(ready, O_CLOEXEC) == 0);
        pid_ = fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            if (leader) setsid();
            setenv("SSH_CONNECTION", connection.c_str(), 1);
            signal(SIGTERM, SIG_DFL);
            execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
            _exit(127);
        }
        close(ready[1]);
        char byte;
        static_cast<void>(read(ready[0], &byte, 1) == 0);  // exec has happened
        close(ready[0]);
        usleep(30000);  // starts are counted in ticks of 10 ms, and the shell sets its traps
    }
    ~Started() {
        kill(-pid_, SIGKILL);
        kill(pid_, SIGKILL);
        static_cast<void>(ended());
    }
    Started(const Started&) = delete;
    Started& operator=(const Started&) = delete;

    [[nodiscard]] bool runs() {
        if (pid_ > 0 && waitpid(pid_, &status_, WNOHANG) == pid_) reaped_ = true;
        return !reaped_;
    }
    int ended() {
        if (!reaped_) waitpid(pid_, &status_, 0);
        reaped_ = true;
        return WIFSIGNALED(status_) ? WTERMSIG(status_) : 0;
    }

private:
    pid_t pid_ = -1;
    int status_ = 0;
    bool reaped_ = false;
};

EndAnswer end(const EndOrder& order, const std::string& with = "/bin/sh",
              const std::string& as = "192.0.2.9 1 192.0.2.2 22") {
    const auto answer = parse_end(shell::run(end_script(order, mark), with, as), mark);
    REQUIRE(answer);
    return *answer;
}
EndOrder ours(std::size_t index, std::size_t live) { return EndOrder::same_connection(index, live, 300ms); }

}  // namespace

TEST_CASE("a command is ended with its whole process group, under every shell there is") {
    for (const std::string& with : shell::installed()) {
        CAPTURE(with);
        Started command("sleep 1000 & sleep 1001 | cat; wait");
        const EndAnswer answer = end(ours(0, 1), with);
        CHECK(answer.killed == Known::yes);
        CHECK(answer.reason == "gone after TERM");
        CHECK(command.ended() == SIGTERM);
    }
}

TEST_CASE("of several commands the one that was asked for is ended, and no other") {
    Started first("exec sleep 1000"), second("exec sleep 1000"), third("exec sleep 1000");
    CHECK(end(ours(1, 3)).killed == Known::yes);
    CHECK(first.runs());
    CHECK_FALSE(second.runs());
    CHECK(third.runs());
}

TEST_CASE("what ignores TERM is killed after the grace") {
    Started command("trap '' TERM; while :; do sleep 1000; done");
    const EndAnswer answer = end(ours(0, 1));
    CHECK(answer.killed == Known::yes);
    CHECK(answer.reason == "gone after KILL");
    CHECK(command.ended() == SIGKILL);
}

TEST_CASE("a stopped command is ended too") {
    Started command("kill -STOP $$; sleep 1000");
    CHECK(end(ours(0, 1)).killed == Known::yes);
}

TEST_CASE("when the number of commands is not what we know, nothing is touched") {
    Started first("exec sleep 1000"), second("exec sleep 1000");
    for (const auto& order : {ours(0, 1), ours(0, 3), ours(2, 3)}) {
        const EndAnswer answer = end(order);
        CHECK(answer.killed == Known::unknown);
        CHECK(answer.reason.find("found 2 commands") == 0);
    }
    CHECK(first.runs());
    CHECK(second.runs());
}

TEST_CASE("a process that is no session leader is not taken for a command") {
    Started helper("exec sleep 1000", false);
    Started command("exec sleep 1000");
    CHECK(end(ours(0, 1)).killed == Known::yes);
    CHECK(helper.runs());
}

TEST_CASE("over another connection the command is found by its SSH_CONNECTION, below an sshd") {
    const auto order = EndOrder::other_connection(connection, 0, 1, 300ms);
    char name[16] = {};
    REQUIRE(prctl(PR_GET_NAME, name) == 0);
    Started command("exec sleep 1000");
    CHECK(end(order).killed == Known::unknown);  // its parent is no sshd
    REQUIRE(prctl(PR_SET_NAME, "sshd") == 0);
    CHECK(end(EndOrder::other_connection("192.0.2.1 40001 192.0.2.2 22", 0, 1, 300ms)).killed == Known::unknown);
    CHECK(command.runs());
    CHECK(end(order).killed == Known::yes);
    REQUIRE(prctl(PR_SET_NAME, name) == 0);
}

TEST_CASE("a script cut short on the way ends nothing") {
    Started command("exec sleep 1000");
    const std::string whole = end_script(ours(0, 1), mark);
    for (std::size_t size = 0; size + 1 < whole.size(); size += size + 60 < whole.size() ? 97 : 1) {
        const auto answer = parse_end(shell::run(whole.substr(0, size)), mark);
        CHECK_FALSE(answer);
    }
    CHECK(command.runs());
}

TEST_CASE("only our own words are understood") {
    const auto said = [](const std::string& body) {
        return "motd\n\nvmc-begin-" + mark + "\n" + body + "\nvmc-end-" + mark + "\n";
    };
    CHECK(parse_end(said("killed=yes\nreason=gone after TERM\n"), mark)->killed == Known::yes);
    CHECK(parse_end(said("killed=no\nreason=x\n"), mark)->killed == Known::no);
    CHECK(parse_end(said("killed=maybe\nreason=x\n"), mark)->killed == Known::unknown);
    CHECK(parse_end(said("killed=yes\n"), mark).error().code() == Code::protocol);
    CHECK(parse_end("This account is currently not available.\n", mark).error().code() == Code::restricted_shell);
    CHECK(parse_end("\nvmc-begin-" + mark + "\nkilled=yes\nreason=x\n", mark).error().code() == Code::protocol);
}
