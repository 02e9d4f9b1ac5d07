// SPDX-License-Identifier: Apache-2.0
#include "edge/os/off_loop.hpp"

#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include <boost/asio/post.hpp>

namespace vmc::edge {

namespace asio = boost::asio;

namespace {
constexpr std::chrono::seconds idle_before_leaving{10};

struct Job {
    std::function<void()> work;
    std::function<void()> done;
};
}  // namespace

struct OffLoop::Crew {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Job> jobs;               // guarded by mutex, as is everything below
    unsigned most = 0;
    unsigned hired = 0;
    unsigned idle = 0;
    std::optional<asio::any_io_executor> loop;  // none once the loop side has gone
};

OffLoop::OffLoop(asio::any_io_executor loop, unsigned most) : loop_(loop), crew_(std::make_shared<Crew>()) {
    crew_->most = most;
    crew_->loop = std::move(loop);
}

OffLoop::~OffLoop() {
    std::deque<Job> dropped;
    const std::lock_guard lock(crew_->mutex);
    crew_->loop.reset();
    dropped.swap(crew_->jobs);
    crew_->wake.notify_all();
}

void OffLoop::submit(std::function<void()> job, std::function<void()> done) {
    const std::lock_guard lock(crew_->mutex);
    crew_->jobs.push_back({std::move(job), std::move(done)});
    if (crew_->idle >= crew_->jobs.size() || crew_->hired >= crew_->most) {
        crew_->wake.notify_one();
        return;
    }
    // The helper inherits a full signal mask: signals belong to the program's own threads, and the
    // agent's socket must not raise SIGPIPE.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        std::thread([crew = crew_] { work(crew); }).detach();
        ++crew_->hired;
    } catch (const std::system_error&) {
        // No thread to be had: the job waits for a helper that becomes free, or its caller's deadline passes.
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void OffLoop::work(const std::shared_ptr<Crew>& crew) {
    std::unique_lock lock(crew->mutex);
    for (;;) {
        ++crew->idle;
        crew->wake.wait_for(lock, idle_before_leaving, [&] { return !crew->jobs.empty() || !crew->loop; });
        --crew->idle;
        if (crew->jobs.empty()) break;
        Job job = std::move(crew->jobs.front());
        crew->jobs.pop_front();
        lock.unlock();
        job.work();
        job.work = nullptr;
        lock.lock();
        if (crew->loop) asio::post(*crew->loop, std::move(job.done));
    }
    --crew->hired;
}

}  // namespace vmc::edge
