// SPDX-License-Identifier: Apache-2.0
// From the name to the login: stages, keys, agent, algorithms, proxies.
#include <doctest/doctest.h>

#include <sys/stat.h>

#include <atomic>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdlib>
#include <fstream>

#include "live/engine_rig.hpp"

using namespace engine;
using namespace std::chrono_literals;

namespace {

struct LoginFixture {
    Rig rig;
    lab::Host host;

    vmc::Error refusal(const Target& target) {
        auto session = rig.connect(target);
        REQUIRE_FALSE(session.has_value());
        return session.error();
    }
    std::string copy_of(const std::string& key, mode_t mode) {
        const std::string path = (rig.directory / "copy").string();
        std::filesystem::copy_file(key, path, std::filesystem::copy_options::overwrite_existing);
        ::chmod(path.c_str(), mode);
        return path;
    }
};

/// Is any thread of ours in a system call on a socket other than the loop's?
bool waits_in_agent() {
    int helpers = 0;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        std::string words;
        std::getline(std::ifstream(task.path() / "syscall"), words);
        helpers += words.starts_with("45 ");  // recvfrom
    }
    return helpers > 0;
}

struct Stages : vmc::port::ConnectWatcher {
    void stage_began(Stage stage) override { began.push_back(stage); }
    void stage_ended(Stage stage, vmc::Duration took) override {
        ended.push_back(stage);
        CHECK(took >= 0s);
    }
    std::vector<Stage> began, ended;
};

/// An ssh-agent of this test's own, ended with it.
class Agent {
public:
    Agent(const std::filesystem::path& directory, const std::string& key) : socket((directory / "agent").string()) {
        const std::string pid_file = (directory / "agent.pid").string();
        REQUIRE(
            std::system(("ssh-agent -a " + socket + " | sed -n 's/.*SSH_AGENT_PID=\\([0-9]*\\).*/\\1/p' > " + pid_file)
                            .c_str()) == 0);
        std::ifstream(pid_file) >> pid_;
        REQUIRE(std::system(("SSH_AUTH_SOCK=" + socket + " ssh-add -q " + key).c_str()) == 0);
    }
    ~Agent() { CHECK(std::system(("kill " + std::to_string(pid_)).c_str()) == 0); }
    std::string socket;

private:
    int pid_ = 0;
};

}  // namespace

TEST_CASE_FIXTURE(LoginFixture, "connecting goes through named stages, each with its time") {
    Stages stages;
    auto session = rig.run(rig.transport->connect(host.target(), in(10s), &stages));
    REQUIRE(session.has_value());
    const std::vector<Stage> all{Stage::config,       Stage::resolve,  Stage::tcp,           Stage::banner,
                                 Stage::key_exchange, Stage::host_key, Stage::authentication};
    CHECK(stages.began == all);
    CHECK(stages.ended == all);
    const auto& facts = (*session)->facts();
    CHECK(facts.stages.size() == all.size());
    CHECK(facts.peer_address == host.address);
    CHECK(facts.peer_port == 22);
    CHECK_FALSE(facts.local_address.empty());
    CHECK(facts.server_banner.starts_with("SSH-2.0-OpenSSH"));
    CHECK(facts.host_key == host.fingerprint);
    CHECK(facts.host_key_was_new);
    CHECK(facts.key_used == host.key);
    const auto where = rig.exec(**session, "echo $SSH_CONNECTION");
    CHECK(where.out == facts.local_address + " " + std::to_string(facts.local_port) + " " + host.address + " 22\n");
}

TEST_CASE_FIXTURE(LoginFixture, "ed25519, ECDSA and RSA keys log in, RSA every time (L9)") {
    for (const char* type : {"ed25519", "ecdsa", "rsa", "rsa", "rsa", "rsa", "rsa"}) {
        auto target = host.target();
        target.key(host.keys.at(type));
        CHECK(rig.exec(*rig.online(target), "true").code == 0u);
    }
}

TEST_CASE_FIXTURE(LoginFixture, "IPv6 works, and a name in /etc/hosts is resolved off the loop") {
    Target six(host.address6);
    six.user("root").key(host.key);
    CHECK(rig.online(six)->facts().peer_address == host.address6);
    Target nobody("no-such-host.invalid");
    nobody.user("root").key(host.key);
    const auto error = refusal(nobody);
    CHECK(error.stage() == Stage::resolve);
    CHECK((error.code() == Code::unknown_name || error.code() == Code::unreachable));
}

TEST_CASE_FIXTURE(LoginFixture, "a denied login names the user, what was tried and what the server takes") {
    auto target = host.target();
    target.key(host.wrong_key);
    const auto error = refusal(target);
    CHECK(error.code() == Code::auth_denied);
    CHECK(error.stage() == Stage::authentication);
    CHECK(error.message().find("denied for root") != std::string::npos);
    CHECK(error.message().find(host.wrong_key) != std::string::npos);
    CHECK(error.message().find("publickey") != std::string::npos);
}

TEST_CASE_FIXTURE(LoginFixture,
                  "a key that others may read, that is missing or that is none is refused before anything is sent") {
    for (const auto& [path, word] :
         {std::pair{copy_of(host.key, 0644), "mode 0644"}, std::pair{std::string("/no/such/key"), "No such file"},
          std::pair{std::string("/etc/hostname"), "private key"}}) {
        auto target = host.target();
        target.key(path);
        const auto error = refusal(target);
        CHECK(error.code() == Code::key_unusable);
        CHECK(error.stage() == Stage::config);
        CHECK_MESSAGE(error.message().find(word) != std::string::npos, error.message());
    }
    CHECK(host.denials() == 0);
}

TEST_CASE_FIXTURE(LoginFixture, "a locked key is asked for once, off the loop, and shared by all sessions (L17)") {
    std::atomic<int> asked = 0;
    std::atomic<bool> on_loop = false;
    const auto loop_thread = std::this_thread::get_id();
    auto target = host.target();
    target.key(host.keys.at("encrypted")).passphrase([&](const std::string&) -> std::optional<std::string> {
        ++asked;
        on_loop = on_loop || std::this_thread::get_id() == loop_thread;
        return "lab";
    });
    for (int i = 0; i < 3; ++i) CHECK(rig.exec(*rig.online(target), "true").code == 0u);
    CHECK(asked == 1);
    CHECK_FALSE(on_loop);
}

TEST_CASE_FIXTURE(LoginFixture, "a locked key without a passphrase, or with a wrong one, is unusable") {
    auto target = host.target();
    target.key(host.keys.at("encrypted"));
    CHECK(refusal(target).message().find("no passphrase was given") != std::string::npos);
    target.passphrase([](const std::string&) { return std::optional<std::string>("wrong"); });
    CHECK(refusal(target).code() == Code::key_unusable);
    CHECK(host.denials() == 0);
}

TEST_CASE("the agent's keys log in, on a helper thread (L16)") {
    lab::Host host;
    Rig where;
    const Agent agent(where.directory, host.key);
    Rig rig(agent.socket);
    auto target = host.target();
    target.keys({}).agent(true);
    auto session = rig.online(target);
    CHECK(session->facts().key_used == "agent");
    CHECK(rig.exec(*session, "echo in").out == "in\n");
    target.keys({host.wrong_key}).agent(true);
    CHECK(rig.online(target)->facts().key_used == "agent");
}

TEST_CASE_FIXTURE(LoginFixture, "an agent that never answers costs the deadline and not the loop") {
    Rig where;
    const std::string socket = (where.directory / "mute").string();
    boost::asio::local::stream_protocol::acceptor mute(where.io, socket);
    Rig slow(socket);
    auto target = host.target();
    target.keys({}).agent(true);
    const auto began = SystemClock::read();
    auto session = slow.connect(target, 500ms);
    REQUIRE_FALSE(session.has_value());
    CHECK(session.error().code() == Code::timed_out);
    CHECK(session.error().stage() == Stage::authentication);
    CHECK(SystemClock::read() - began < 1s);
    // Neither the helper that waited for it nor the session stays behind.
    CHECK(slow.turn_until([&] { return !waits_in_agent(); }, 2s));
}

TEST_CASE_FIXTURE(LoginFixture, "no common algorithm names both lists") {
    auto target = host.target();
    target.kex_algorithms("diffie-hellman-group14-sha1").key(host.key);
    const auto error = refusal(target);
    CHECK(error.code() == Code::no_common_algorithm);
    CHECK(error.stage() == Stage::key_exchange);
    CHECK(error.message().find("diffie-hellman-group14-sha1") != std::string::npos);
    CHECK(error.message().find("curve25519-sha256") != std::string::npos);
}

TEST_CASE("chacha20 is used where the server has strict key exchange, and nowhere else") {
    lab::Host modern("--sshd-option 'Ciphers chacha20-poly1305@openssh.com'");
    Rig rig;
    CHECK(rig.exec(*rig.online(modern.target()), "true").code == 0u);
    lab::Host tiny("--sshd tinyssh");  // 20230101: before strict key exchange
    const auto refused = rig.connect(tiny.target());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Code::no_common_algorithm);
    CHECK(refused.error().message().find("CVE-2023-48795") != std::string::npos);
    auto insisting = tiny.target();
    insisting.ciphers("chacha20-poly1305@openssh.com");
    CHECK(rig.exec(*rig.online(insisting), "echo tiny").out == "tiny\n");
}

TEST_CASE("a dropbear is reached as well") {
    lab::Host host("--sshd dropbear");
    Rig rig;
    CHECK(rig.exec(*rig.online(host.target()), "echo in; echo err >&2; exit 5").code == 5u);
}

TEST_CASE("a real sshd that is throttled says so, and is not called dead") {
    lab::Host host("--sshd-option 'MaxStartups 1'");
    Rig rig;
    boost::asio::ip::tcp::socket silent(rig.io);
    silent.connect({boost::asio::ip::make_address(host.address), 22});
    auto refused = rig.connect(host.target());
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Code::throttled);
    CHECK(refused.error().peer_words() == "Exceeded MaxStartups");
}

TEST_CASE_FIXTURE(LoginFixture, "a user name for a shell to read is refused here (L20)") {
    auto target = host.target("root;id");
    const auto error = refusal(target);
    CHECK(error.code() == Code::bad_request);
}

TEST_CASE_FIXTURE(LoginFixture, "a closed port is refused, a filtered one is silent until the deadline") {
    Target closed(host.address);
    closed.user("root").port(9).key(host.key);
    CHECK(refusal(closed).code() == Code::refused);
    host.fault("drop");
    const auto began = SystemClock::read();
    auto session = rig.connect(host.target(), 400ms);
    REQUIRE_FALSE(session.has_value());
    CHECK(session.error().code() == Code::timed_out);
    CHECK(session.error().stage() == Stage::tcp);
    CHECK(SystemClock::read() - began < 800ms);
}

TEST_CASE_FIXTURE(LoginFixture, "a frozen sshd accepts and says nothing: that is the banner's time-out") {
    host.sshd("freeze");
    auto session = rig.connect(host.target(), 600ms);
    REQUIRE_FALSE(session.has_value());
    CHECK(session.error().code() == Code::timed_out);
    CHECK(session.error().stage() == Stage::banner);
    host.sshd("thaw");
}

TEST_CASE_FIXTURE(LoginFixture, "a proxy command carries the connection, and its last words explain a failure") {
    auto target = host.target();
    target.proxy_command(
        "python3 -c 'import socket,sys,threading,os\n"
        "s=socket.create_connection((\"%h\",%p))\n"
        "def up():\n"
        "  while True:\n"
        "    d=os.read(0,65536)\n"
        "    if not d: s.shutdown(1); return\n"
        "    s.sendall(d)\n"
        "threading.Thread(target=up,daemon=True).start()\n"
        "while True:\n"
        "  d=s.recv(65536)\n"
        "  if not d: break\n"
        "  os.write(1,d)'");
    auto session = rig.online(target);
    CHECK(rig.exec(*session, "echo through").out == "through\n");
    CHECK(session->facts().peer_address.empty());
    CHECK_FALSE(session->tcp().has_value());
    session.reset();

    target.proxy_command("sh -c 'echo no way there >&2; exit 1'");
    const auto error = refusal(target);
    CHECK(error.code() == Code::lost);
    CHECK(error.stage() == Stage::banner);
    CHECK(error.peer_words() == "no way there");
    Target nasty("-oProxyCommand=id");
    nasty.user("root").key(host.key).proxy_command("nc %h %p");
    CHECK(refusal(nasty).code() == Code::bad_request);
}

TEST_CASE_FIXTURE(LoginFixture, "an attempt that is dropped half-way leaves nothing behind") {
    rig.online(host.target());
    const int before = lab::open_descriptors();
    for (int i = 0; i < 30; ++i) {
        auto session = rig.connect(host.target(), std::chrono::microseconds(300 * i));
        if (session) (*session)->abort();
    }
    rig.turn_until([] { return false; }, 50ms);
    CHECK(lab::open_descriptors() <= before);
}
