// SPDX-License-Identifier: Apache-2.0
// Many VMs held by one loop: all connected at once, left alone, then commanded all at once.
//
//     bench_farm FIRST_ADDRESS PORT COUNT KEY STATE_DIRECTORY
//
// VM i is FIRST_ADDRESS + i. Prints one line of JSON; status 1 when any link or command failed.
#include <arpa/inet.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <vm_connection/vm.hpp>

#include "measure.h"

namespace {

constexpr auto connect_within = std::chrono::seconds(60);  // all share one core with their server
constexpr auto idle_span = std::chrono::seconds(7);        // two keepalives of 3 s, and what a new link reads
constexpr int exec_rounds = 3;

struct Spent {
    double wall = 0;
    double cpu = 0;
};

Spent since(const cost_reading& begin) {
    const auto end = cost_now();
    return {end.wall - begin.wall, end.cpu_user + end.cpu_sys - begin.cpu_user - begin.cpu_sys};
}

std::string address(const char* first, int index) {
    in_addr host{};
    if (inet_pton(AF_INET, first, &host) != 1) std::exit(64);
    host.s_addr = htonl(ntohl(host.s_addr) + static_cast<std::uint32_t>(index));
    char text[INET_ADDRSTRLEN];
    return inet_ntop(AF_INET, &host, text, sizeof text);
}

vmc::Target target_of(char** argv, int index) {
    vmc::Target target(address(argv[1], index));
    target.port(static_cast<std::uint16_t>(std::atoi(argv[2]))).user("farm").key(argv[4]);
    target.host_keys(vmc::HostKeyPolicy::ephemeral).connect_timeout(connect_within);
    target.kex_algorithms("curve25519-sha256").ciphers("aes128-gcm@openssh.com");
    return target;
}

/// Counts failures and shows the first few.
class Failures {
public:
    void add(const std::string& line) {
        if (count_++ < shown) std::fprintf(stderr, "bench_farm: %s\n", line.c_str());
    }
    [[nodiscard]] int count() const { return count_; }

private:
    static constexpr int shown = 5;
    int count_ = 0;
};

Spent connect_all(std::vector<vmc::Vm>& vms, Failures& failures) {
    std::vector<vmc::Task<vmc::Result<void>>> tasks;
    const auto begin = cost_now();
    for (auto& vm : vms) tasks.push_back(vm.connect());
    for (auto& task : tasks)
        if (auto up = task.get(); !up) failures.add(up.error().line());
    return since(begin);
}

Spent execute_on_all(std::vector<vmc::Vm>& vms, Failures& failures) {
    std::vector<vmc::Task<vmc::Outcome>> tasks;
    const auto begin = cost_now();
    for (auto& vm : vms) tasks.push_back(vm.run(vmc::Command("true")).outcome());
    for (auto& task : tasks)
        if (const auto outcome = task.get(); !outcome.ok()) failures.add(outcome.line());
    return since(begin);
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) {
        std::fprintf(stderr, "usage: bench_farm FIRST_ADDRESS PORT COUNT KEY STATE_DIRECTORY\n");
        return 64;
    }
    raise_descriptor_limit();
    const int count = std::atoi(argv[3]);
    Failures not_up, not_run;
    vmc::Loop loop(argv[5]);
    {
        vmc::Vm first(target_of(argv, 0), loop);  // what a process allocates once does not count
        if (auto up = first.connect().get(); !up) not_up.add(up.error().line());
    }
    std::vector<vmc::Vm> vms;
    vms.reserve(static_cast<std::size_t>(count));
    const long before = private_bytes();
    for (int i = 0; i < count; ++i) vms.emplace_back(target_of(argv, i), loop);
    const auto connecting = connect_all(vms, not_up);

    const auto idle_begin = cost_now();
    std::this_thread::sleep_for(idle_span);
    const auto idle = since(idle_begin);
    const long held = private_bytes() - before;

    std::vector<double> wall, cpu;
    for (int round = 0; round < exec_rounds; ++round) {
        const auto spent = execute_on_all(vms, not_run);
        wall.push_back(spent.wall);
        cpu.push_back(spent.cpu);
    }
    const long after = private_bytes() - before;
    std::printf(
        "{\"count\": %d, \"not_up\": %d, \"not_run\": %d, \"connect_wall\": %.6f, \"connect_cpu\": %.6f, "
        "\"private\": %ld, \"private_after_exec\": %ld, \"idle_wall\": %.6f, \"idle_cpu\": %.6f, "
        "\"exec_wall\": %.6f, \"exec_cpu\": %.6f}\n",
        count, not_up.count(), not_run.count(), connecting.wall, connecting.cpu, held / count, after / count, idle.wall,
        idle.cpu, median_of(wall.data(), wall.size()), median_of(cpu.data(), cpu.size()));
    std::fflush(stdout);
    return not_up.count() + not_run.count() == 0 ? 0 : 1;
}
