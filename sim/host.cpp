// SPDX-License-Identifier: Apache-2.0
#include "sim/host.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "sim/forwarder.hpp"
#include "sim/probes.hpp"
#include "sim/sshd.hpp"

namespace vmc::sim {

SimHost::SimHost(Nature& nature, std::string name, std::string address)
    : path(nature), nature_(nature), name_(std::move(name)), address_(std::move(address)),
      booted_at_(nature.agenda.now() - std::chrono::minutes(20)), sshd_(std::make_unique<Sshd>(*this)),
      forwarder_(std::make_unique<Forwarder>(*this)) {
    machine_id = hex(nature.random, 32);
    boot_id_ = uuid(nature.random);
    host_key_ = "SHA256:" + hex(nature.random, 43);
}

SimHost::~SimHost() { processes_.clear(); }

void SimHost::begin(Trouble trouble) {
    if (troubles_[static_cast<std::size_t>(trouble)]++ > 0) return;
    story().tell(name_, "begins: " + std::string(words(trouble)));
    apply(trouble, true);
}

void SimHost::end(Trouble trouble) {
    if (!suffers(trouble)) return;  // mended by then
    if (--troubles_[static_cast<std::size_t>(trouble)] > 0) return;
    story().tell(name_, "ends: " + std::string(words(trouble)));
    apply(trouble, false);
}

void SimHost::apply(Trouble trouble, bool begins) {
    switch (trouble) {
        case Trouble::drop_out: return begins ? path.begin_drop(Way::out) : path.end_drop(Way::out);
        case Trouble::drop_in: return begins ? path.begin_drop(Way::in) : path.end_drop(Way::in);
        case Trouble::port_swallowed: path.sieve.port = begins ? std::optional(ssh_port) : std::nullopt; return;
        case Trouble::tcp_swallowed: path.sieve.tcp = begins; return;
        case Trouble::big_packets_lost: path.sieve.big = begins; return;
        case Trouble::no_route: path.unroutable = begins; return;
        case Trouble::forwarder_down: return begins ? sshd_->reset_connections() : void();
        case Trouble::forwarder_mute:
            if (forwarder_) forwarder_->tend();
            return sshd_->freeze_sessions(begins);
        case Trouble::paused:
        case Trouble::userspace_frozen: return stand_still(trouble == Trouble::paused);
        case Trouble::sshd_stopped:
            if (begins) sshd_->stop_listening();
            break;
        case Trouble::sshd_frozen: break;
        default: return;
    }
    if (!begins && thinks()) wake_up();
}

/// Programs go on where they stood still.
void SimHost::wake_up() {
    sshd_->thaw();
    for (const Process* sleeper : processes())
        later([this, pid = sleeper->pid] {
            if (Process* const process = find(pid)) process->run();
        });
}

void SimHost::reset_connections() {
    story().tell(name_, "connections are reset");
    sshd_->reset_connections();
}

void SimHost::kill_sessions() {
    story().tell(name_, "session servers killed");
    sshd_->kill_sessions();
}

void SimHost::new_host_key() {
    host_key_ = "SHA256:" + hex(random(), 43);
    story().tell(name_, "has a new host key");
}

void SimHost::new_identity() {
    machine_id = hex(random(), 32);
    new_host_key();
}

void SimHost::become_clone() {
    machine_id = hex(random(), 32);
    boot_id_ = uuid(random());
    story().tell(name_, "is another machine with the same host key, boot id " + boot_id_);
}

void SimHost::forget_flows(bool resets) {
    story().tell(name_, resets ? "a NAT forgets its flows, and resets them" : "a NAT forgets its flows");
    path.forget_flows(resets);
}

void SimHost::cut_after(std::uint64_t bytes, Duration for_how_long) {
    path.cut_after(bytes, [this, for_how_long] {
        begin(Trouble::drop_out);
        begin(Trouble::drop_in);
        agenda().after(for_how_long, [this] {
            end(Trouble::drop_out);
            end(Trouble::drop_in);
        });
    });
}

Machine::SynAnswer SimHost::syn(std::uint16_t port) {
    const bool ssh = port == ssh_port;
    if (suffers(Trouble::reject_new)) return SynAnswer::reject;
    if (suffers(Trouble::drop_new) || (firewalled && !ssh)) return SynAnswer::ignore;
    if (!ssh || suffers(Trouble::port_refused)) return SynAnswer::refuse;
    const bool listens = forwarded ? !suffers(Trouble::forwarder_down) : serves();
    return listens ? SynAnswer::accept : SynAnswer::refuse;
}

void SimHost::accepted(std::shared_ptr<TcpConnection> connection) {
    if (forwarded) return forwarder_->accept(std::move(connection));
    sshd_->accept(std::move(connection));
}

std::string SimHost::ssh_connection(std::uint16_t client_port) const {
    const std::string port = std::to_string(client_port), here = std::to_string(ssh_port);
    if (forwarded) return "10.0.2.2 " + port + " 10.0.2.15 22";
    return std::string(our_address) + " " + port + " " + address_ + " " + here;
}

Process& SimHost::run(const std::string& line, Origin origin, Parent& parent, std::uint32_t channel) {
    reap();
    const int pid = next_pid();
    story().tell(name_, "runs '" + line.substr(0, 60) + "' as pid " + std::to_string(pid));
    ledger_.push_back({agenda().now(), line, origin.user, boot_id_});
    auto process = std::make_unique<Process>(*this, pid, line, std::move(origin), parent, channel);
    return *processes_.emplace(pid, std::move(process)).first->second;
}

std::vector<Process*> SimHost::processes() {
    std::vector<Process*> all;
    all.reserve(processes_.size());
    for (const auto& [pid, process] : processes_) all.push_back(process.get());
    return all;
}

std::optional<Script> SimHost::answer(const Process& asker, const std::string& text) {
    if (answers)
        if (auto script = answers(*this, asker, text)) return script;
    return answer_probe(*this, asker, text);
}

Process* SimHost::find(int pid) {
    const auto found = processes_.find(pid);
    return found == processes_.end() ? nullptr : found->second.get();
}

void SimHost::reap() {
    std::erase_if(processes_, [](const auto& entry) { return entry.second->finished(); });
}

std::size_t SimHost::times_ran(std::string_view line) const {
    return static_cast<std::size_t>(std::ranges::count(ledger_, line, &Ran::line));
}

std::size_t SimHost::running() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(processes_, [](const auto& entry) { return !entry.second->ended(); }));
}

std::string SimHost::file(const std::string& path_name) const {
    if (path_name == "/proc/sys/kernel/random/boot_id") return boot_id_ + "\n";
    if (path_name == "/etc/machine-id") return machine_id + "\n";
    if (path_name == "/proc/uptime") {
        char text[64];
        std::snprintf(text, sizeof text, "%.2f 1.00\n", std::chrono::duration<double>(uptime()).count());
        return text;
    }
    const auto found = files.find(path_name);
    return found == files.end() ? std::string{} : found->second;
}

}  // namespace vmc::sim
