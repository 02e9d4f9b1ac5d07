// SPDX-License-Identifier: Apache-2.0
// The comparison's client over our own library, as any user would write it: blocking calls on the
// main thread, the work on the loop's. Same arguments and output as bench/floor.c.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/vm.hpp>

#include "measure.h"

namespace {

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "vmc_client: %s\n", what.c_str());
    std::exit(1);
}

// The same algorithms for all clients of the comparison.
vmc::Target target_of(char** argv) {
    vmc::Target target(argv[1]);
    target.port(static_cast<std::uint16_t>(std::atoi(argv[2]))).user(argv[3]).key(argv[4]);
    target.known_hosts({argv[5]}).host_keys(vmc::HostKeyPolicy::strict);
    target.kex_algorithms("curve25519-sha256").ciphers("aes128-gcm@openssh.com");
    return target;
}

void log_in(vmc::Vm& vm) {
    if (auto up = vm.connect().get(); !up) fail(up.error().line());
}

long long execute(vmc::Vm& vm, const std::string& line) {
    long long received = 0;
    auto count = [&received](vmc::Stream, std::string_view bytes) {
        received += static_cast<long long>(bytes.size());
        return true;
    };
    const auto outcome = vm.run(vmc::Command(line), count).outcome().get();
    if (!outcome.ok()) fail(outcome.line());
    return received;
}

double seconds_since(double start) { return cost_now().wall - start; }

void measure_connect(const vmc::Target& target, vmc::Loop& loop, int count) {
    std::vector<double> took;
    const auto begin = cost_now();
    for (int i = 0; i < count; ++i) {
        const double start = cost_now().wall;
        vmc::Vm vm(target, loop);
        log_in(vm);
        took.push_back(seconds_since(start));
    }
    print_cost(begin, count, median_of(took.data(), took.size()), 0);
}

void measure_exec(const vmc::Target& target, vmc::Loop& loop, int count) {
    vmc::Vm vm(target, loop);
    log_in(vm);
    execute(vm, "true");
    std::vector<double> took;
    const auto begin = cost_now();
    for (int i = 0; i < count; ++i) {
        const double start = cost_now().wall;
        execute(vm, "true");
        took.push_back(seconds_since(start));
    }
    print_cost(begin, count, median_of(took.data(), took.size()), 0);
}

void measure_stream(const vmc::Target& target, vmc::Loop& loop, long long bytes) {
    vmc::Vm vm(target, loop);
    log_in(vm);
    execute(vm, "true");
    const auto begin = cost_now();
    if (execute(vm, "head -c " + std::to_string(bytes) + " /dev/zero") != bytes) fail("bytes are missing");
    print_cost(begin, 1, seconds_since(begin.wall), bytes);
}

void measure_hold(const vmc::Target& target, vmc::Loop& loop, int count) {
    vmc::Vm first(target, loop);  // what is allocated once per process does not count
    log_in(first);
    std::vector<vmc::Vm> held;
    held.reserve(static_cast<std::size_t>(count));
    const long before = private_bytes();
    const auto begin = cost_now();
    for (int i = 0; i < count; ++i) log_in(held.emplace_back(target, loop));
    print_held(begin, count, before);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 8) {
        std::fprintf(stderr, "usage: vmc_client HOST PORT USER KEY KNOWN_HOSTS connect|exec|hold|stream N\n");
        return 64;
    }
    const auto target = target_of(argv);
    vmc::Loop loop(std::string(argv[5]) + ".state");
    const std::string_view mode = argv[6];
    const long long amount = std::atoll(argv[7]);
    if (mode == "connect") measure_connect(target, loop, static_cast<int>(amount));
    else if (mode == "exec") measure_exec(target, loop, static_cast<int>(amount));
    else if (mode == "stream") measure_stream(target, loop, amount);
    else if (mode == "hold") measure_hold(target, loop, static_cast<int>(amount));
    else return 64;
    return 0;
}
