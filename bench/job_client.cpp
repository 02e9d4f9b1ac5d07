// SPDX-License-Identifier: Apache-2.0
// What jobs cost, beside what the same costs without them: the client of bench/jobs, as any user would
// write it. Arguments and output as bench/vmc_client.cpp, with the directory for jobs before the mode.
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/vm.hpp>

#include "measure.h"

namespace {

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "job_client: %s\n", what.c_str());
    std::exit(1);
}

double seconds_since(double start) { return cost_now().wall - start; }

class Bench {
public:
    Bench(char** argv, vmc::Loop& loop) : directory_(argv[6]), vm_(target_of(argv), loop) {
        if (auto up = vm_.connect().get(); !up) fail(up.error().line());
        (void)followed(submitted("true"));  // the place for jobs is known from here on
    }

    /// `count` times: from submit to the first byte of its output.
    void measure_submit(int count) {
        std::vector<double> took;
        const auto begin = cost_now();
        for (int i = 0; i < count; ++i) {
            std::promise<double> first;
            const double start = cost_now().wall;
            auto output = [&, told = false](vmc::Stream, std::string_view) mutable {
                if (!told) first.set_value(seconds_since(start));
                told = true;
                return true;
            };
            const auto follow = submitted("echo first").follow(output);
            took.push_back(first.get_future().get());
            (void)ended(follow);
        }
        print_cost(begin, count, median_of(took.data(), took.size()), 0);
    }

    /// A command over the link; with `kept`, one that also keeps its output on the disk.
    void measure_plain(long long bytes, bool kept) {
        const auto file = "'" + directory_ + "/kept'";
        const auto line = printing(bytes) + (kept ? " | tee " + file + "; sync " + file + "; rm " + file : "");
        const auto begin = cost_now();
        long long received = 0;
        auto count = [&received](vmc::Stream, std::string_view part) {
            received += static_cast<long long>(part.size());
            return true;
        };
        const auto outcome = vm_.run(vmc::Command(line), count).outcome().get();
        if (!outcome.ok() || received != bytes) fail(outcome.line() + ", or bytes are missing");
        print_cost(begin, 1, seconds_since(begin.wall), bytes);
    }

    /// The same command as a job, from submit to its end.
    void measure_follow(long long bytes) {
        const auto begin = cost_now();
        const auto job = submitted(printing(bytes));
        if (followed(job) != bytes) fail("bytes are missing");
        print_cost(begin, 1, seconds_since(begin.wall), bytes);
        (void)job.remove().get();
    }

    /// A job that has printed all that already, from its first byte; and the same file read by a command.
    void measure_old(long long bytes, bool as_job) {
        const auto job = submitted(printing(bytes));
        (void)followed(job);
        const auto begin = cost_now();
        long long received = 0;
        if (as_job) {
            received = followed(job);
        } else {
            auto count = [&received](vmc::Stream, std::string_view part) {
                received += static_cast<long long>(part.size());
                return true;
            };
            (void)vm_.run(vmc::Command("cat '" + directory_ + "/" + job.id() + "/out'"), count).outcome().get();
        }
        if (received != bytes) fail("bytes are missing");
        print_cost(begin, 1, seconds_since(begin.wall), bytes);
        (void)job.remove().get();
    }

    /// Attaching to the end of a job that has printed `bytes`, 20 times, until all is known of it.
    void measure_attach(long long bytes) {
        constexpr int times = 20;
        const auto job = submitted(printing(bytes));
        (void)followed(job);
        std::vector<double> took;
        const auto begin = cost_now();
        for (int i = 0; i < times; ++i) {
            const double start = cost_now().wall;
            vmc::FollowOptions options;
            options.from(vmc::Stream::out, static_cast<std::uint64_t>(bytes));
            (void)ended(job.follow({}, std::move(options)));
            took.push_back(seconds_since(start));
        }
        print_cost(begin, times, median_of(took.data(), took.size()), 0);
        (void)job.remove().get();
    }

    /// `count` jobs at once, all followed; each prints a megabyte in a second.
    void measure_many(int count) {
        const auto begin = cost_now();
        std::vector<vmc::Task<vmc::Result<vmc::Job>>> asked;
        for (int i = 0; i < count; ++i)
            asked.push_back(vm_.submit(request("for i in 1 2 3 4; do head -c 250000 /dev/zero; sleep 0.25; done"),
                                       std::chrono::minutes(5)));
        std::deque<long long> received;
        std::vector<vmc::Follow> follows;
        for (auto& one : asked) {
            auto job = one.get();
            if (!job) fail(job.error().line());
            auto& mine = received.emplace_back();
            follows.push_back(job->follow([&mine](vmc::Stream, std::string_view part) {
                mine += static_cast<long long>(part.size());
                return true;
            }));
        }
        for (auto& one : follows) (void)ended(one);
        for (const auto bytes : received)
            if (bytes != 1000000) fail("bytes are missing");
        print_cost(begin, count, seconds_since(begin.wall), count * 1000000LL);
    }

private:
    static vmc::Target target_of(char** argv) {
        vmc::Target target(argv[1]);
        target.port(static_cast<std::uint16_t>(std::atoi(argv[2]))).user(argv[3]).key(argv[4]);
        target.known_hosts({argv[5]}).host_keys(vmc::HostKeyPolicy::strict);
        target.kex_algorithms("curve25519-sha256").ciphers("aes128-gcm@openssh.com");
        return target;
    }

    static std::string printing(long long bytes) { return "head -c " + std::to_string(bytes) + " /dev/zero"; }

    [[nodiscard]] vmc::JobRequest request(const std::string& line) const {
        vmc::JobRequest made{vmc::Command(line)};
        made.directory(directory_);
        return made;
    }

    vmc::Job submitted(const std::string& line) {
        auto job = vm_.submit(request(line)).get();
        if (!job) fail(job.error().line());
        return *job;
    }

    static long long followed(const vmc::Job& job) {
        long long received = 0;
        auto count = [&received](vmc::Stream, std::string_view bytes) {
            received += static_cast<long long>(bytes.size());
            return true;
        };
        (void)ended(job.follow(count));
        return received;
    }

    static vmc::JobEnd ended(const vmc::Follow& follow) {
        auto end = follow.end().get();
        if (end.gave_up) fail(end.gave_up->line());
        if (end.status.exit_code != 0) fail(end.status.line());
        return end;
    }

    std::string directory_;
    vmc::Vm vm_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 9) {
        std::fprintf(stderr,
                     "usage: job_client HOST PORT USER KEY KNOWN_HOSTS DIRECTORY MODE N\n"
                     "modes: submit plain kept follow old old-plain attach many\n");
        return 64;
    }
    vmc::Loop loop(std::string(argv[5]) + ".state");
    Bench bench(argv, loop);
    const std::string_view mode = argv[7];
    const long long amount = std::atoll(argv[8]);
    if (mode == "submit") bench.measure_submit(static_cast<int>(amount));
    else if (mode == "plain") bench.measure_plain(amount, false);
    else if (mode == "kept") bench.measure_plain(amount, true);
    else if (mode == "follow") bench.measure_follow(amount);
    else if (mode == "old") bench.measure_old(amount, true);
    else if (mode == "old-plain") bench.measure_old(amount, false);
    else if (mode == "attach") bench.measure_attach(amount);
    else if (mode == "many") bench.measure_many(static_cast<int>(amount));
    else return 64;
    return 0;
}
