// SPDX-License-Identifier: Apache-2.0
#include "call.hpp"

#include <unistd.h>

namespace vmc::python {

namespace {

constexpr std::size_t ahead_limit = 1024 * 1024;
constexpr std::size_t most_notices = 1000;

struct Piece {
    Stream stream;
    std::string bytes;
};

}  // namespace

class RunCall::Output {
public:
    /// On the loop's thread. False: wait for me.
    bool put(Stream stream, std::string_view bytes) {
        std::lock_guard lock(mutex_);
        if (!pieces_.empty() && pieces_.back().stream == stream) pieces_.back().bytes.append(bytes);
        else pieces_.push_back(Piece{stream, std::string(bytes)});
        waiting_ += bytes.size();
        held_back_ = waiting_ >= ahead_limit;
        return !held_back_;
    }
    bool any() {
        std::lock_guard lock(mutex_);
        return !pieces_.empty();
    }
    /// The second: the loop's side was waiting, and may go on.
    std::pair<std::vector<Piece>, bool> take() {
        std::lock_guard lock(mutex_);
        waiting_ = 0;
        return {std::exchange(pieces_, {}), std::exchange(held_back_, false)};
    }

private:
    std::mutex mutex_;
    std::vector<Piece> pieces_;
    std::size_t waiting_ = 0;
    bool held_back_ = false;
};

RunCall::RunCall(Vm& vm, Command command, std::shared_ptr<Slot> slot, bool wants_output)
    : slot_(std::move(slot)), output_(std::make_shared<Output>()),
      run_(start(vm, std::move(command), slot_, output_, wants_output)), outcome_(run_.outcome()), owner_(::getpid()) {
    outcome_.on_done([word = slot_] { word->leave_word(); });
}

RunCall::~RunCall() {
    if (owner_ == ::getpid() && !ready()) run_.cancel();
}

Run RunCall::start(Vm& vm, Command command, const std::shared_ptr<Slot>& slot, const std::shared_ptr<Output>& output,
                   bool wants_output) {
    if (!wants_output) return vm.run(std::move(command));
    auto put = [output, slot](Stream stream, std::string_view bytes) {
        const bool more = output->put(stream, bytes);
        slot->leave_word();
        return more;
    };
    return vm.run(std::move(command), std::move(put));
}

bool RunCall::news() {
    slot_->looking();
    return ready() || output_->any();
}

py::list RunCall::take_output() {
    auto [pieces, was_held_back] = output_->take();
    if (was_held_back) run_.resume_output();
    py::list taken;
    for (const auto& piece : pieces)
        taken.append(py::make_tuple(piece.stream == Stream::out ? 0 : 1, py::bytes(piece.bytes)));
    return taken;
}

void Listening::hear(const Notice& notice) {
    {
        std::lock_guard lock(mutex_);
        if (heard_.size() >= most_notices) heard_.erase(heard_.begin());
        heard_.push_back(notice);
    }
    slot_->leave_word();
}

void Listening::end() {
    {
        std::lock_guard lock(mutex_);
        ended_ = true;
    }
    slot_->leave_word();
}

bool Listening::news() {
    slot_->looking();
    std::lock_guard lock(mutex_);
    return ended_ || !heard_.empty();
}

py::list Listening::take() {
    slot_->looking();
    std::vector<Notice> heard;
    {
        std::lock_guard lock(mutex_);
        heard.swap(heard_);
    }
    py::list taken;
    for (const auto& notice : heard) taken.append(render(notice));
    return taken;
}

bool Listening::ended() {
    std::lock_guard lock(mutex_);
    return ended_;
}

}  // namespace vmc::python
