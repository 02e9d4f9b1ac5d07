// SPDX-License-Identifier: Apache-2.0
#include "fuzz/target.hpp"

#include <cstdio>
#include <cstdlib>

namespace vmc::fuzz {

void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

const std::vector<Target>& targets() {
    static const auto all = [] {
        std::vector<Target> list;
        add_remote_targets(list);
        add_local_targets(list);
        return list;
    }();
    return all;
}

}  // namespace vmc::fuzz
