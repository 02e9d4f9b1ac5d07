// SPDX-License-Identifier: Apache-2.0
#include "model/etiquette.hpp"

#include <algorithm>

namespace vmc::model {

void Etiquette::abandoned(Instant when) {
    abandoned_.push_back(when);
    if (abandoned_.size() > abandoned_limit) abandoned_.pop_front();
}

Instant Etiquette::may_connect_at(Instant now) const {
    if (in_flight_ >= handshakes_limit) return never;
    if (abandoned_.size() < abandoned_limit) return now;
    return std::max(now, abandoned_.front() + window);
}

}  // namespace vmc::model
