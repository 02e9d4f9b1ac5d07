// SPDX-License-Identifier: Apache-2.0
#include "model/liveness.hpp"

#include <algorithm>

namespace vmc::model {

bool is_suspect(Liveness liveness) noexcept {
    return liveness == Liveness::suspect_path || liveness == Liveness::suspect_peer || liveness == Liveness::suspect;
}

LivenessWatch::LivenessWatch(Instant start) : planned_(start + period), quiet_since_(start), measured_from_(start) {}

void LivenessWatch::follow_stream(const Signs& signs) {
    const bool streams = signs.bytes_received - stream_mark_ >= stream_bytes;
    if (streams) streamed_ = signs.last_received;
    else if (streamed_ && signs.now - *streamed_ > period) streamed_.reset();
    if (streams || signs.now - measured_from_ >= stream_pause) {
        stream_mark_ = signs.bytes_received;
        measured_from_ = signs.now;
    }
}

Instant LivenessWatch::keepalive_due() const {
    if (paused_since_) return std::max(*paused_since_, last_sent_.value_or(*paused_since_)) + paused_period;
    return std::max(quiet_since_, last_sent_.value_or(quiet_since_)) +
           (streamed_ && unanswered_ == 0 ? stream_pause : period);
}

Liveness LivenessWatch::judge(const Signs& signs) const {
    const bool unacked = signs.path && signs.path->unacked > 0;
    const Duration quiet = signs.now - quiet_since_;
    if (unacked && signs.path->retransmits >= dead_retransmits + (signs.paused ? 1U : 0U) &&
        (signs.paused || quiet >= dead_quiet))
        return Liveness::suspect_path;
    if (signs.now < keepalive_due()) return Liveness::fine;
    if (signs.paused || unanswered_ < periods - 1) return Liveness::send_keepalive;
    if (!signs.path) return Liveness::suspect;
    return unacked ? Liveness::suspect_path : Liveness::suspect_peer;
}

Instant LivenessWatch::next_look(const Signs& signs, Liveness judged) const {
    if (is_suspect(judged)) return signs.now + std::chrono::seconds(1);
    const Instant due = std::max(signs.now, keepalive_due());
    const bool watch_path = signs.path && (signs.path->unacked > 0 || unanswered_ > 0);
    return watch_path ? std::min(due, signs.now + close_look) : due;
}

Judgement LivenessWatch::look(const Signs& signs) {
    if (signs.last_received > quiet_since_) {
        quiet_since_ = signs.last_received;
        unanswered_ = 0;
    }
    if (!signs.paused) paused_since_.reset();
    else if (!paused_since_) paused_since_ = signs.now;
    // Time in which we did not listen is not silence of theirs.
    if (signs.paused || signs.now - planned_ > we_were_away) {
        quiet_since_ = std::max(quiet_since_, signs.now);
        unanswered_ = 0;
    }
    follow_stream(signs);
    Judgement judgement;
    judgement.state = judge(signs);
    judgement.quiet_for = std::max(Duration{}, signs.now - signs.last_received);
    if (judgement.state == Liveness::send_keepalive) {
        last_sent_ = signs.now;
        ++unanswered_;
    }
    planned_ = judgement.look_again = next_look(signs, judgement.state);
    return judgement;
}

}  // namespace vmc::model
