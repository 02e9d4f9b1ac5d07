// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/target.hpp>

namespace vmc {

std::string Target::name() const {
    const bool ipv6 = host_.find(':') != std::string::npos;
    std::string text = user_.empty() ? "" : user_ + "@";
    text += ipv6 ? "[" + host_ + "]" : host_;
    return text + ":" + std::to_string(port_);
}

}  // namespace vmc
