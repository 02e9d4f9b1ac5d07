// SPDX-License-Identifier: Apache-2.0
#include "live/lab.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace lab {

namespace {

std::string run(const std::string& command) {
    FILE* pipe = popen(command.c_str(), "r");
    if (!pipe) throw std::runtime_error("cannot run " + command);
    std::string printed;
    std::array<char, 4096> buffer{};
    while (const auto n = fread(buffer.data(), 1, buffer.size(), pipe)) printed.append(buffer.data(), n);
    if (const int status = pclose(pipe); status != 0)
        throw std::runtime_error(command + " ended with " + std::to_string(status) + " (run inside lab/enter)");
    return printed;
}

std::string host_command() {
    const char* command = std::getenv("VMC_LAB_HOST");
    return command ? command : "lab/host";
}

std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

}  // namespace

Host::Host(std::string options) { read(run(host_command() + " up " + options)); }

Host::~Host() {
    const auto command = host_command() + " down " + name + " >/dev/null";
    if (std::system(command.c_str()) != 0) std::fprintf(stderr, "lab: could not remove %s\n", name.c_str());
}

void Host::read(const std::string& text) {
    const auto json = nlohmann::json::parse(text);
    name = json.at("name");
    address = json.at("address");
    address6 = json.at("address6");
    key = json.at("key");
    keys = json.at("keys");
    wrong_key = json.at("wrong_key");
    boot_id = json.at("boot_id");
    fingerprint = json.at("host_key_fingerprint");
    root = json.at("root");
    ledger = json.at("ledger");
}

vmc::Target Host::target(const std::string& user) const {
    vmc::Target target(address);
    target.user(user).key(key);
    return target;
}

void Host::verb(const std::string& verb, const std::string& rest) {
    (void)run(host_command() + " " + verb + " " + name + " " + rest + " >/dev/null");
}

void Host::reboot(const std::string& options) { read(run(host_command() + " reboot " + name + " " + options)); }

std::string Host::exec(const std::string& command) const {
    return run(host_command() + " exec " + name + " -- /bin/sh -c " + quoted(command));
}

int Host::denials() const { return nlohmann::json::parse(run(host_command() + " auth " + name)).at("denied"); }

namespace {

std::filesystem::path fresh_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vmc-live-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("cannot make a temporary directory");
    return pattern;
}

}  // namespace

Here::Here() : directory(fresh_directory()), loop(directory.string()) {}
Here::~Here() { std::filesystem::remove_all(directory); }

Ear::Ear(vmc::Vm& vm) {
    vm.on_notice([state = state_](const vmc::Notice& notice) {
        if (std::getenv("VMC_LIVE_VERBOSE")) std::fprintf(stderr, "  notice: %s\n", notice.text.c_str());
        std::lock_guard lock(state->mutex);
        state->all.push_back(Heard{notice.kind, now(), notice.text});
        state->changed.notify_all();
    });
}

std::optional<double> Ear::heard(Kind kind, std::chrono::steady_clock::time_point since, Seconds limit) {
    std::unique_lock lock(state_->mutex);
    std::optional<double> after;
    const auto found = [&] {
        for (const auto& heard : state_->all) {
            if (heard.kind != kind || heard.at < since) continue;
            after = Seconds(heard.at - since).count();
            return true;
        }
        return false;
    };
    state_->changed.wait_for(lock, limit, found);
    return after;
}

std::string Ear::text(Kind kind) const {
    std::lock_guard lock(state_->mutex);
    for (auto heard = state_->all.rbegin(); heard != state_->all.rend(); ++heard)
        if (heard->kind == kind) return heard->text;
    return {};
}

int Ear::count(Kind kind) const {
    std::lock_guard lock(state_->mutex);
    return static_cast<int>(
        std::count_if(state_->all.begin(), state_->all.end(), [&](const auto& h) { return h.kind == kind; }));
}

int tries(int quick, int full) {
    const char* sweep = std::getenv("VMC_SWEEP");
    return sweep && std::string(sweep) == "full" ? full : quick;
}

std::uint64_t seed(const char* test) {
    const char* given = std::getenv("VMC_SEED");
    const std::uint64_t value = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::printf("seed %llu; replay: VMC_SEED=%llu lab/enter build/asan/bin/live -tc='%s'\n",
                static_cast<unsigned long long>(value), static_cast<unsigned long long>(value), test);
    return value;
}

long memory_kib() {
    std::ifstream rollup("/proc/self/smaps_rollup");
    std::string word;
    while (rollup >> word)
        if (word == "Pss:") {
            long kib = 0;
            rollup >> kib;
            return kib;
        }
    return 0;
}

int open_descriptors() {
    return static_cast<int>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

}  // namespace lab

/// Flat memory is measured here, so ASan may not keep 256 MiB of freed memory back (its default).
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() {
    return "quarantine_size_mb=4";
}
