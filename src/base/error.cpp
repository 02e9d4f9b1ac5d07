// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/error.hpp>

#include "base/span.hpp"

namespace vmc {

std::string Error::line() const {
    std::string text;
    if (stage_ != Stage::none) text += std::string(slug(stage_)) + ": ";
    text += message_.empty() ? slug(code_) : message_;
    // At once is not worth saying; a wait is, and how long it was tells a RST from a time-out.
    if (took_ >= std::chrono::milliseconds(10)) text += " after " + spoken(took_);
    return text;
}

}  // namespace vmc
