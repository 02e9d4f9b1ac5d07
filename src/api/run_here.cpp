// SPDX-License-Identifier: Apache-2.0
// Output handed from the loop's thread to the thread that waits.
#include <condition_variable>
#include <deque>
#include <mutex>

#include "api/run_impl.hpp"

namespace vmc {

namespace {

/// How far the VM may be ahead of the consumer here; the channel below has its own 1 MiB.
constexpr std::size_t ahead_limit = 1024 * 1024;
/// A reader is often faster than the wire: pieces are joined up to this size before it is woken again.
constexpr std::chrono::milliseconds poll_every{50};

struct Piece {
    Stream stream;
    std::string bytes;
};

class Handover {
public:
    /// On the loop's thread. False: wait for me.
    bool put(Stream stream, std::string_view bytes) {
        std::lock_guard lock(mutex_);
        if (!pieces_.empty() && pieces_.back().stream == stream) pieces_.back().bytes.append(bytes);
        else pieces_.push_back(Piece{stream, std::string(bytes)});
        waiting_ += bytes.size();
        changed_.notify_one();
        held_back_ = waiting_ >= ahead_limit;
        return !held_back_;
    }
    void end() {
        std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_one();
    }
    /// On the consumer's thread: everything there is, after at most poll_every. True when the
    /// loop's side was waiting and may go on.
    bool take(std::deque<Piece>& pieces, bool& over) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, poll_every, [&] { return !pieces_.empty() || ended_; });
        pieces.swap(pieces_);
        waiting_ = 0;
        over = ended_;
        return std::exchange(held_back_, false);
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Piece> pieces_;
    std::size_t waiting_ = 0;
    bool held_back_ = false;
    bool ended_ = false;
};

}  // namespace

Outcome Vm::run_here(Command command, const HereFn& output, const std::function<bool()>& poll) {
    auto handover = std::make_shared<Handover>();
    auto out = [handover](Stream stream, std::string_view bytes) { return handover->put(stream, bytes); };
    Run started = run(std::move(command), std::move(out));
    auto outcome = started.outcome();
    outcome.on_done([handover] { handover->end(); });
    bool cancelled = false;
    for (bool over = false; !over;) {
        std::deque<Piece> pieces;
        const bool was_held_back = handover->take(pieces, over);
        for (const auto& piece : pieces) {
            // After a cancel what still comes is the command's last words; they are delivered too.
            if (output) output(piece.stream, piece.bytes);
        }
        if (was_held_back) started.resume_output();
        if (poll && !cancelled && poll()) {
            started.cancel();
            cancelled = true;
        }
    }
    return outcome.get();
}

}  // namespace vmc
