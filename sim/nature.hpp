// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/agenda.hpp"
#include "sim/random.hpp"
#include "sim/story.hpp"

namespace vmc::sim {

/// What everything in the world stands on: time, chance, and the record of what happened.
class Nature {
public:
    explicit Nature(std::uint64_t seed) : story(agenda), random(seed) {}
    Nature(const Nature&) = delete;

    Agenda agenda;
    Story story;
    SimRandom random;  ///< of the world; the middle draws from a stream of its own
};

}  // namespace vmc::sim
