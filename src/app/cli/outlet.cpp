// SPDX-License-Identifier: Apache-2.0
#include "app/cli/outlet.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace vmc::cli {

struct Outlet::Shared {
    Shared(int descriptor, const Bell& waker) : fd(descriptor), bell(waker) {}

    const int fd;
    const Bell& bell;
    Shape shape;
    std::function<void()> room;

    std::mutex mutex;
    std::condition_variable filled;
    // Under `mutex`:
    std::string pending;
    std::size_t in_hand = 0;  // being written now
    bool idle = false;  // nothing left to write
    bool full = false;
    bool started = false;
    int error = 0;
    std::optional<std::string> status;  // to be shown
    // Of the writing thread:
    bool status_shown = false;
    bool in_a_line = false;

    [[nodiscard]] bool something_to_do() const { return !pending.empty() || status.has_value(); }
};

namespace {

constexpr std::string_view clear_line = "\r\x1b[K";

}  // namespace

/// 0, or errno. In slices, so that a reader's progress can be seen.
int Outlet::write_all(Shared& shared, std::string_view bytes) {
    constexpr std::size_t slice = 65536;  // what a pipe holds
    while (!bytes.empty()) {
        const auto written = ::write(shared.fd, bytes.data(), std::min(slice, bytes.size()));
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
            const std::lock_guard lock(shared.mutex);
            shared.in_hand = bytes.size();
        } else if (errno == EAGAIN) {
            pollfd room{shared.fd, POLLOUT, 0};  // somebody else made it non-blocking
            ::poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

Outlet::Outlet(int fd, const Bell& bell) : shared_(std::make_shared<Shared>(fd, bell)) {}

void Outlet::shape(Shape how) { shared_->shape = std::move(how); }
void Outlet::when_room(std::function<void()> call) {
    const std::lock_guard lock(shared_->mutex);
    shared_->room = std::move(call);
}

/// With the mutex held.
void Outlet::wake() {
    if (!shared_->started) {
        shared_->started = true;
        std::thread(write_on, shared_).detach();
    } else if (shared_->idle) {
        shared_->filled.notify_one();
    }
}

void Outlet::status(std::string line) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->error != 0) return;
    shared_->status = std::move(line);
    wake();
}

bool Outlet::put(std::string_view bytes) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->error != 0 || bytes.empty()) return true;
    shared_->pending += bytes;
    wake();
    shared_->full = shared_->pending.size() > high_water;
    return !shared_->full;
}

/// 0, or errno.
int Outlet::write_batch(Shared& shared, const std::string& batch) {
    if (batch.empty()) return 0;
    const std::string shaped = shared.shape ? shared.shape(batch) : std::string();
    const std::string& bytes = shared.shape ? shaped : batch;
    const bool hide = std::exchange(shared.status_shown, false);
    shared.in_a_line = bytes.empty() ? shared.in_a_line : bytes.back() != '\n';
    const int error = hide ? write_all(shared, clear_line) : 0;
    return error != 0 ? error : write_all(shared, bytes);
}

int Outlet::write_status(Shared& shared, const std::string& line) {
    if (shared.in_a_line || (line.empty() && !shared.status_shown)) return 0;
    shared.status_shown = !line.empty();
    return write_all(shared, std::string(clear_line) + line);
}

void Outlet::write_on(std::shared_ptr<Shared> shared) {
    std::string batch;
    std::unique_lock lock(shared->mutex);
    for (;;) {
        shared->idle = true;
        shared->filled.wait(lock, [&] { return shared->something_to_do(); });
        shared->idle = false;
        batch.clear();
        std::swap(batch, shared->pending);
        shared->in_hand = batch.size();
        const auto line = std::exchange(shared->status, std::nullopt);
        // Called without the lock: it may put, and it may take locks of the library's.
        const auto room = std::exchange(shared->full, false) ? shared->room : nullptr;
        lock.unlock();
        if (room) room();
        int error = write_batch(*shared, batch);
        if (error == 0 && line) error = write_status(*shared, *line);
        lock.lock();
        shared->in_hand = 0;
        if (error != 0) {
            shared->error = error;
            shared->pending.clear();
            shared->status.reset();
            if (std::exchange(shared->full, false) && shared->room) {
                const auto call = shared->room;
                lock.unlock();
                call();
                lock.lock();
            }
        }
        if (shared->something_to_do()) continue;
        shared->idle = true;
        shared->bell.ring();
    }
}

bool Outlet::settled() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->error != 0 || !shared_->started || (!shared_->something_to_do() && shared_->idle);
}

bool Outlet::broken() const { return why_broken() != 0; }
int Outlet::why_broken() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->error;
}

std::size_t Outlet::waiting() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->pending.size() + shared_->in_hand;
}

bool Outlet::settle(const std::function<bool()>& interrupted, Instant deadline) const {
    while (!settled()) {
        if (interrupted() || now() >= deadline) return false;
        shared_->bell.wait(-1, left_until(deadline));
    }
    return true;
}

bool Outlet::settle_while_moving(Duration standstill) const {
    for (auto before = waiting() + 1; waiting() < before;) {
        before = waiting();
        if (settle([] { return false; }, now() + standstill)) return true;
    }
    return settled();
}

}  // namespace vmc::cli
