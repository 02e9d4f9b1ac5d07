// SPDX-License-Identifier: Apache-2.0
#include "model/job_beat.hpp"

#include <algorithm>
#include <utility>

#include "base/span.hpp"
#include "model/key_values.hpp"
#include "model/record_name.hpp"

namespace vmc::model {

namespace {
constexpr char first = '\x1e';
/// A boot id and ten digits are 47; what is longer is none.
constexpr std::size_t longest = 200;
}  // namespace

void JobBeat::tell_running(JobStatus& status) const {
    status.state = JobState::running;
    status.boot_id = boot_id;
    status.last_beat = at;
    status.beat_heard = true;
}

void JobBeat::correct(JobStatus& status) const {
    if (status.state != JobState::interrupted || status.boot_id != boot_id) return;
    // Where a shutdown wrote the end down, that is when it was.
    if (status.ended_at != status.last_beat || (status.last_beat && at <= *status.last_beat)) return;
    status.why += "; its last heartbeat was heard here";
    if (status.last_beat) status.why += ", " + spoken(at - *status.last_beat) + " after the last one on its disk";
    status.last_beat = at;
    status.ended_at = at;
    status.beat_heard = true;
}

BeatSieve::BeatSieve(std::string_view nonce) : mark_(first + ("vmc-beat-" + std::string(nonce)) + " ") {}

std::optional<JobBeat> BeatSieve::beat() { return std::exchange(beat_, std::nullopt); }

/// Of what begins with `first`: 0 when it is the job's, npos when more has to come, else the beat's length.
std::size_t BeatSieve::part_of_beat(std::string_view rest) {
    const auto known = std::min(rest.size(), mark_.size());
    if (rest.substr(0, known) != std::string_view(mark_).substr(0, known)) return 0;
    const auto end = rest.substr(0, longest).find('\n');
    if (end == std::string_view::npos) return rest.size() < longest ? std::string_view::npos : 0;
    read(rest.substr(mark_.size(), end - mark_.size()));
    return end + 1;
}

void BeatSieve::read(std::string_view line) {
    const auto blank = line.find(' ');
    const auto seconds = whole_number<std::int64_t>(line.substr(blank == std::string_view::npos ? 0 : blank + 1));
    if (blank == std::string_view::npos || !seconds || *seconds > last_millisecond / 1000) return;
    beat_ = JobBeat{std::string(line.substr(0, blank)), WallTime(std::chrono::seconds(*seconds))};
}

std::string BeatSieve::take(std::string bytes) {
    if (held_.empty() && bytes.find(first) == std::string::npos) return bytes;
    bytes.insert(0, std::exchange(held_, {}));
    std::string jobs;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto found = std::min(bytes.find(first, at), bytes.size());
        jobs.append(bytes, at, found - at);
        at = found;
        if (at == bytes.size()) break;
        const auto length = part_of_beat(std::string_view(bytes).substr(at));
        if (length == std::string_view::npos) {
            held_ = bytes.substr(at);
            break;
        }
        if (length == 0) jobs.push_back(first);
        at += std::max<std::size_t>(length, 1);
    }
    return jobs;
}

}  // namespace vmc::model
