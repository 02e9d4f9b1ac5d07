// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace vmc {

/// For what can only be false through a mistake of ours. Always on; aborts and says where.
inline void ensure(bool condition, const char* promise, std::source_location where = std::source_location::current()) {
    if (condition) return;
    std::fprintf(stderr, "vm-connection: broken promise: %s (%s:%u)\n", promise, where.file_name(),
                 static_cast<unsigned>(where.line()));
    std::abort();
}

}  // namespace vmc
