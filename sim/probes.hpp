// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "sim/script.hpp"

namespace vmc::sim {

class Process;

/// What the scripts of model/ do on a simulated machine: reading facts, ending a command. They are
/// recognised by what they print; nothing for any other text. Their shell code has tests of its own.
[[nodiscard]] std::optional<Script> answer_probe(SimHost& host, const Process& asker, const std::string& text);

}  // namespace vmc::sim
