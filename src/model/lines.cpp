// SPDX-License-Identifier: Apache-2.0
#include "model/lines.hpp"

#include <algorithm>

namespace vmc::model {

void LineSplitter::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto end = std::min(bytes.find('\n'), bytes.size());
        held_ += bytes.substr(0, end);
        // A carriage return just beyond the bound may belong to the end of the line: wait for it.
        while (held_.size() > bound_ + (held_.ends_with('\r') ? 1 : 0)) {
            line_(std::string_view(held_).substr(0, bound_), true);
            held_.erase(0, bound_);
        }
        if (end == bytes.size()) return;
        if (held_.ends_with('\r')) held_.pop_back();
        line_(held_, false);
        held_.clear();
        bytes.remove_prefix(end + 1);
    }
}

void LineSplitter::finish() {
    if (!held_.empty()) line_(held_, false);
    held_.clear();
}

}  // namespace vmc::model
