// SPDX-License-Identifier: Apache-2.0
#include "call.hpp"

#include <unistd.h>

namespace vmc::python {

namespace {

constexpr std::size_t most_notices = 1000;

}  // namespace

RunCall::RunCall(Vm& vm, Command command, std::shared_ptr<Slot> slot, bool wants_output)
    : slot_(std::move(slot)), output_(std::make_shared<Pieces>()),
      run_(start(vm, std::move(command), slot_, output_, wants_output)), outcome_(run_.outcome()), owner_(::getpid()) {
    outcome_.on_done([word = slot_] { word->leave_word(); });
}

RunCall::~RunCall() {
    if (owner_ == ::getpid() && !ready()) run_.cancel();
}

Run RunCall::start(Vm& vm, Command command, const std::shared_ptr<Slot>& slot, const std::shared_ptr<Pieces>& output,
                   bool wants_output) {
    if (!wants_output) return vm.run(std::move(command));
    auto put = [output, slot](Stream stream, std::string_view bytes) {
        const bool more = output->put(stream == Stream::out ? Pieces::out : Pieces::err, bytes);
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
    auto [taken, was_held_back] = output_->take();
    if (was_held_back) run_.resume_output();
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
