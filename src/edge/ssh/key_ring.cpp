// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/key_ring.hpp"

#include <string.h>

#include <algorithm>
#include <utility>

#include "edge/os/system_clock.hpp"

namespace vmc::edge {

namespace {

constexpr std::chrono::seconds key_fresh_for{1};

bool same_files(const std::string& path, const KeyReading& before) {
    return before.stamp && (before.locked || before.key) && stamp_of(path) == before.stamp &&
           stamp_of(path + "-cert.pub") == before.certificate_stamp;
}

/// On a helper thread. `before` is what an earlier reading found, if any.
KeyReading read_again(const std::string& path, const std::shared_ptr<const KeyReading>& before,
                      const PassphraseFn& ask) {
    if (before && !ask && same_files(path, *before)) return *before;
    KeyReading reading = read_key(path, std::nullopt);
    if (!reading.locked || !ask) return reading;
    auto passphrase = ask(path);
    if (!passphrase || passphrase->empty()) return reading;
    reading = read_key(path, passphrase);
    ::explicit_bzero(passphrase->data(), passphrase->size());
    return reading;
}

}  // namespace

/// One task that waits for a reading, each with a deadline of its own.
class KeyRing::Waiting {
public:
    Waiting(Entry& entry, const boost::asio::any_io_executor& loop) : alarm(loop), entry_(entry) {
        entry_.waiting.push_back(&alarm);
    }
    ~Waiting() { std::erase(entry_.waiting, &alarm); }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    Alarm alarm;

private:
    Entry& entry_;
};

void KeyRing::start_reading(const std::shared_ptr<Entry>& entry, std::string path, PassphraseFn ask) {
    entry->reading_now = true;
    entry->asked = entry->asked || ask;
    auto found = std::make_shared<KeyReading>();
    helpers_.submit([found, path = std::move(path), ask = std::move(ask),
                     before = entry->reading] { *found = read_again(path, before, ask); },
                    [found, entry] {
                        const bool other_content = entry->reading && entry->reading->stamp != found->stamp;
                        if (other_content) entry->asked = false;
                        entry->reading = found;
                        entry->read_at = SystemClock::read();
                        entry->reading_now = false;
                        for (Alarm* alarm : entry->waiting) alarm->notify();
                    });
}

Async<Result<std::shared_ptr<const KeyReading>>> KeyRing::peek(std::string path, Instant deadline) {
    co_return co_await unlock(std::move(path), PassphraseFn(), deadline);
}

Async<Result<std::shared_ptr<const KeyReading>>> KeyRing::unlock(std::string path, PassphraseFn ask, Instant deadline) {
    auto& known = entries_[path];
    if (!known) known = std::make_shared<Entry>();
    const auto entry = known;
    const bool must_ask = ask && entry->reading && entry->reading->locked && !entry->asked;
    const bool stale = !entry->reading || SystemClock::read() - entry->read_at > key_fresh_for;
    if (!entry->reading_now && (stale || must_ask)) start_reading(entry, path, must_ask ? ask : PassphraseFn());
    Waiting waiting(*entry, helpers_.loop());
    while (entry->reading_now) {
        if (SystemClock::read() >= deadline)
            co_return failed(Code::key_unusable, Stage::config, path + ": not read or unlocked in time");
        co_await waiting.alarm.wait(deadline);
    }
    co_return entry->reading;
}

}  // namespace vmc::edge
