// SPDX-License-Identifier: Apache-2.0
// Whatever reads bytes that others wrote: a VM, a server, a tool, a file somebody may have damaged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vmc::fuzz {

/// One reader. Whatever it is fed, it returns; what it says of it holds together.
class Target {
public:
    std::string_view name;
    void (*feed)(std::string_view bytes);
    std::vector<std::string> corpus;  ///< what it would be fed in earnest
};

[[nodiscard]] const std::vector<Target>& targets();

/// Aborts with the words: seen by the sanitizers' runs and by libFuzzer alike.
void must(bool holds, const char* what);

/// The mark of every script in the corpus.
inline constexpr std::string_view mark = "0123456789abcdef";

// targets_remote.cpp: what a VM answers. targets_local.cpp: what servers, tools and files say.
void add_remote_targets(std::vector<Target>& all);
void add_local_targets(std::vector<Target>& all);

}  // namespace vmc::fuzz
