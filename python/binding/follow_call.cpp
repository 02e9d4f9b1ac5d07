// SPDX-License-Identifier: Apache-2.0
#include "follow_call.hpp"

#include <unistd.h>

namespace vmc::python {

FollowCall::FollowCall(const Job& job, FollowOptions options, const std::shared_ptr<Slot>& slot, bool wants_output)
    : slot_(slot), output_(std::make_shared<Pieces>()),
      follow_(start(job, std::move(options), slot, output_, wants_output)), end_(follow_.end()), owner_(::getpid()) {
    end_.on_done([word = slot_] { word->leave_word(); });
}

FollowCall::~FollowCall() {
    if (owner_ == ::getpid() && !ready()) follow_.stop();
}

Follow FollowCall::start(const Job& job, FollowOptions options, const std::shared_ptr<Slot>& slot,
                         const std::shared_ptr<Pieces>& output, bool wants_output) {
    options.says([output, slot](std::string_view line) {
        (void)output->put(Pieces::word, line);
        slot->leave_word();
    });
    if (!wants_output) return job.follow({}, std::move(options));
    auto put = [output, slot](Stream stream, std::string_view bytes) {
        const bool more = output->put(stream == Stream::out ? Pieces::out : Pieces::err, bytes);
        slot->leave_word();
        return more;
    };
    return job.follow(std::move(put), std::move(options));
}

bool FollowCall::news() {
    slot_->looking();
    return ready() || output_->any();
}

py::list FollowCall::take_output() {
    auto [taken, was_held_back] = output_->take();
    if (was_held_back) follow_.resume_output();
    return taken;
}

}  // namespace vmc::python
