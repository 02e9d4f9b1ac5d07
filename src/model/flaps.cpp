// SPDX-License-Identifier: Apache-2.0
#include "model/flaps.hpp"

namespace vmc::model {

void Flaps::went(Instant now) {
    if (!went_.empty() && now - went_.back() >= within) {
        went_.clear();
        begun_ = false;
    }
    went_.push_back(now);
    if (went_.size() > times) went_.pop_front();
    if (went_.size() == times && now - went_.front() < within) begun_ = true;
}

bool Flaps::is_flapping(Instant now) const { return begun_ && now - went_.back() < within; }

}  // namespace vmc::model
