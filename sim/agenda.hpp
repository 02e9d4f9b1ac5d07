// SPDX-License-Identifier: Apache-2.0
// What is going to happen, and when. The only thing in the world that knows the time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include <vm_connection/time.hpp>

namespace vmc::sim {

/// Entries happen in order of their time; at the same time, in the order they were made.
/// Time stands still while anything can still run: only World::run_until moves it.
class Agenda {
public:
    using Entry = std::pair<Instant, std::uint64_t>;

    Agenda() = default;
    Agenda(const Agenda&) = delete;
    ~Agenda() { clear(); }

    /// Nothing of it will happen. What an entry holds may strike others as it goes.
    void clear() {
        while (!entries_.empty()) entries_.extract(entries_.begin());
    }

    [[nodiscard]] Instant now() const noexcept { return now_; }
    /// What a good clock on the wall shows.
    [[nodiscard]] WallTime calendar() const {
        constexpr WallTime beginning{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}};
        return beginning + std::chrono::floor<std::chrono::milliseconds>(now_.time_since_epoch());
    }

    /// At `when`, or as soon as possible when that has passed.
    Entry at(Instant when, std::move_only_function<void()> what) {
        const Entry entry{when < now_ ? now_ : when, ++made_};
        entries_.emplace(entry, std::move(what));
        return entry;
    }
    Entry after(Duration span, std::move_only_function<void()> what) { return at(now_ + span, std::move(what)); }
    /// Harmless when it has already happened.
    void strike(Entry entry) { entries_.erase(entry); }

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    [[nodiscard]] Instant next() const { return entries_.begin()->first.first; }
    /// Moves on to the next entry and lets it happen. Not when empty.
    void step() {
        auto node = entries_.extract(entries_.begin());
        now_ = node.key().first;
        node.mapped()();
    }
    void move_on_to(Instant when) { now_ = when; }

private:
    Instant now_{};
    std::uint64_t made_ = 0;
    std::map<Entry, std::move_only_function<void()>> entries_;
};

}  // namespace vmc::sim
