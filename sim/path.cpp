// SPDX-License-Identifier: Apache-2.0
#include "sim/path.hpp"

#include <algorithm>

namespace vmc::sim {

void Path::spend(std::size_t bytes) {
    if (budget_ == unlimited) return;
    if (bytes <= budget_) {
        budget_ -= bytes;
        return;
    }
    budget_ = unlimited;
    std::exchange(cut_, nullptr)();
}

void Path::carry(Way way, const Packet& packet, std::move_only_function<void()> arrive) {
    if (way == Way::in && deaf) return;
    auto& agenda = nature_.agenda;
    auto& busy = busy_until_[index(way)];
    busy = std::max(busy, agenda.now()) + Duration(packet.bytes * 1'000'000'000 / bytes_per_second);
    const bool unlucky = loss > 0 && chance(nature_.random, loss);
    agenda.at(busy + latency, [this, way, packet, unlucky, arrive = std::move(arrive)]() mutable {
        spend(packet.bytes);
        const bool lost = unlucky || !open(way) || unroutable || (way == Way::out && deaf) || sieve.swallows(packet);
        nature_.story.mix((lost ? 1U << 31 : 0U) + packet.bytes);
        ++(lost ? dropped_ : carried_);
        if (!lost) arrive();
    });
}

}  // namespace vmc::sim
