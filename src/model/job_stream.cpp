// SPDX-License-Identifier: Apache-2.0
#include "model/job_stream.hpp"

#include <algorithm>

namespace vmc::model {

namespace {
/// An answer that is no data ends sooner; more is noise of a login script.
constexpr std::size_t header_limit = 64 * 1024;
}  // namespace

JobPosition::JobPosition(std::uint64_t offset, std::string last) : offset_(offset), last_(std::move(last)) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(offset, overlap));
    if (last_.size() > most) last_.erase(0, last_.size() - most);
}

void JobPosition::delivered(std::string_view bytes) {
    offset_ += bytes.size();
    if (bytes.size() >= overlap) last_.assign(bytes.substr(bytes.size() - overlap));
    else {
        last_.append(bytes);
        if (last_.size() > overlap) last_.erase(0, last_.size() - overlap);
    }
}

void JobPosition::rolled_back(std::uint64_t size) {
    const auto beyond = offset_ - size;
    if (beyond < last_.size()) last_.resize(last_.size() - static_cast<std::size_t>(beyond));
    else last_.clear();
    offset_ = size;
}

std::uint64_t JobPosition::blank_end() const {
    const auto printed = last_.find_last_not_of('\0');
    return last_.size() - (printed == std::string::npos ? 0 : printed + 1);
}

JobReader::JobReader(JobPosition& position, std::string_view nonce, bool divided)
    : position_(position), mark_("\nvmc-data-" + std::string(nonce) + "\n"), expected_(position.last()),
      begun_(divided) {}

std::string JobReader::take(std::string_view bytes) {
    if (!begun_) {
        header_.append(bytes);
        const auto found = header_.find(mark_);
        if (found == std::string::npos) {
            // The mark may have come in part: its last bytes are kept.
            if (header_.size() > header_limit) header_.erase(0, header_.size() - mark_.size());
            return {};
        }
        begun_ = true;
        const std::string rest = header_.substr(found + mark_.size());
        header_.resize(found);
        return take(rest);
    }
    const auto again = std::min(expected_.size(), bytes.size());
    if (bytes.substr(0, again) != std::string_view(expected_).substr(0, again)) rewritten_ = true;
    expected_.erase(0, again);
    std::string fresh(bytes.substr(again));
    position_.delivered(fresh);
    return fresh;
}

}  // namespace vmc::model
