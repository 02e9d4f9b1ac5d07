// SPDX-License-Identifier: Apache-2.0
#include "link/company.hpp"

#include <algorithm>

#include "link/link.hpp"

namespace vmc::link {

std::vector<std::shared_ptr<Wire>> Company::others(const Link& than) const {
    std::vector<std::shared_ptr<Wire>> open;
    for (const Link* const link : links_) {
        const Target& target = link->target();
        if (target.host() == than.target().host() || !target.proxy_command().empty()) continue;
        auto wire = link->current();
        if (wire && !wire->ended && !wire->session->paused()) open.push_back(std::move(wire));
    }
    std::ranges::sort(open, std::greater(), [](const auto& wire) { return wire->session->last_received(); });
    return open;
}

}  // namespace vmc::link
