// SPDX-License-Identifier: Apache-2.0
// Jobs as dicts, whose keys are the fields of vm_connection/values.py, and back.
#pragma once

#include <string>
#include <vector>

#include "values.hpp"

namespace vmc::python {

[[nodiscard]] py::dict render(const JobStatus& status);
[[nodiscard]] py::dict render(const JobEnd& end);

/// Of an _engine.JobOrder.
[[nodiscard]] JobRequest request_of(const py::handle& order);
/// Of an _engine.FollowSpec.
[[nodiscard]] FollowOptions follow_options_of(const py::handle& spec);

}  // namespace vmc::python
