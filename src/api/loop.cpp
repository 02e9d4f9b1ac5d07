// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/loop.hpp>

#include <pthread.h>

#include <csignal>
#include <cstdlib>
#include <utility>

#include "api/loop_impl.hpp"
#include "edge/console/consoles.hpp"
#include "edge/console/log.hpp"
#include "edge/os/ip_prober.hpp"
#include "edge/os/off_loop.hpp"
#include "edge/os/system_clock.hpp"
#include "edge/power/switches.hpp"
#include "edge/ssh/transport.hpp"
#include "edge/store/file_store.hpp"

namespace vmc {

namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

edge::SshPlaces places(const std::string& state_directory) {
    edge::SshPlaces found;
    found.own_known_hosts(state_directory + "/known_hosts");
    found.known_hosts({environment("HOME") + "/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"});
    found.agent(environment("SSH_AUTH_SOCK"));
    return found;
}

}  // namespace

std::string default_state_directory() {
    const auto xdg = environment("XDG_STATE_HOME");
    return (xdg.empty() ? environment("HOME") + "/.local/state" : xdg) + "/vm-connection";
}

class Loop::Impl::World {
public:
    World(const boost::asio::any_io_executor& executor, const std::string& state_directory)
        : clock(executor), transport(executor, places(state_directory)), prober(executor, random),
          store(state_directory), doors(executor), switch_helpers(executor), switches(switch_helpers),
          console_helpers(executor), consoles(console_helpers), console_logs(console_helpers, state_directory) {}
    edge::SystemClock clock;
    edge::SystemRandom random;
    edge::SshTransport transport;
    edge::IpProber prober;
    edge::FileStore store;
    link::Doors doors;
    link::Company company;
    edge::OffLoop switch_helpers;
    edge::RealSwitches switches;
    edge::OffLoop console_helpers;
    edge::RealConsoles consoles;
    edge::FileConsoleLogs console_logs;
};

Loop::Impl::Impl(std::string state_directory)
    : state_directory_(std::move(state_directory)), work_(context_.get_executor()),
      world_(std::make_unique<World>(context_.get_executor(), state_directory_)) {
    // Signals are the program's: none is ever delivered to this thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { context_.run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Loop::Impl::stop() {
    work_.reset();
    context_.stop();
    thread_.join();
}

Loop::Impl::~Impl() {
    if (thread_.joinable()) stop();
    // What still waits in the context goes while the world it points into is still there.
    world_.reset();
}

link::Ports Loop::Impl::ports() {
    return link::Ports(executor(), world_->clock, world_->random, world_->transport, world_->store, world_->doors,
                       world_->company);
}

port::Prober& Loop::Impl::prober() { return world_->prober; }
port::Store& Loop::Impl::store() { return world_->store; }
port::PowerSwitches& Loop::Impl::switches() { return world_->switches; }
port::Consoles& Loop::Impl::consoles() { return world_->consoles; }
port::ConsoleLogs& Loop::Impl::console_logs() { return world_->console_logs; }
edge::SshTransport& Loop::Impl::ssh() { return world_->transport; }

Loop::Loop(std::string state_directory) : impl_(std::make_shared<Impl>(std::move(state_directory))) {}
Loop::~Loop() { impl_->stop(); }

Loop& default_loop() {
    // Never destroyed: a program may end while links are still open, on any of its threads.
    static Loop* const loop = new Loop();
    return *loop;
}

}  // namespace vmc
