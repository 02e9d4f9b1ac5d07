// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include <vm_connection/export.hpp>

namespace vmc VMC_API {

enum class Stream { out, err };

/// Where the output of a command goes: called in order, on the loop's thread, and must not block
/// it. Return false to be called no more until resume_output(): then nothing is read from the
/// VM while you are behind, and a slow consumer slows the VM, not us.
using OutputFn = std::function<bool(Stream, std::string_view bytes)>;

}  // namespace vmc VMC_API
