// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/script.hpp"

namespace vmc::sim {

class Process;

/// What model::system_script() prints on a simulated machine: healthy, but for the troubles it suffers.
[[nodiscard]] Script answer_system(const Process& asker, const std::string& nonce);

}  // namespace vmc::sim
