// SPDX-License-Identifier: Apache-2.0
#include "health/examination.hpp"

#include <algorithm>

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace vmc::health {

namespace {

/// What has not been told by then is not told: the rest of the 30 s is for ending it.
constexpr Duration over_after = std::chrono::seconds(29);
/// A peer whose answers arrive within 2 s is never suspect (model/liveness); twice that is silence.
constexpr Duration old_session_within = std::chrono::seconds(4);

}  // namespace

Examination::Examination(link::Ports ports, port::Prober& prober, link::Link& link, Level level, Depth depth,
                         Duration lag)
    : Layers(std::move(ports), prober, link, lag), level_(level), depth_(depth), told_(ports_.executor) {
    recall();
}

Async<void> Examination::run() {
    using namespace boost::asio::experimental::awaitable_operators;
    auto all = look() || pulse_.beat() || ports_.clock.sleep_until(begun_ + over_after + lag_before_);
    const bool cut = (co_await std::move(all)).index() == 2;
    if (cut && !exec_works_ && !around_.ssh_error) take_failure(stalled());
    if (!exec_works_ && around_.old_session == model::OldSession::answers) take_pace(*old_->session);
    if (pulse_.stood_still()) around_.ourselves = model::Ourselves::was_away;
    judge_setting();
    remember();
}

Async<void> Examination::look() {
    using namespace boost::asio::experimental::awaitable_operators;
    const bool direct = link_.target().proxy_command().empty();
    if (direct) co_await ask_route();
    if (depth_ == Depth::diagnosis) {
        auto all = ask_anew_and_tell() && ask_old_session(patience(old_session_within)) && ask_beside();
        co_await std::move(all);
        judge_setting();
        if (is_silent()) co_await ask_what_answered();
        if (!exec_works_) co_await ask_over_old_session();
    } else if (level_ == Level::basic) {
        if (!address_.empty()) co_await ask_network();
    } else {
        auto both = ask_ping() && ask_ssh();
        co_await std::move(both);
        if (level_ == Level::thorough && exec_works_) co_await ask_system();
    }
}

}  // namespace vmc::health
