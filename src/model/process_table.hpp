// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace vmc::model {

/// Only builtins: nothing else starts any more. First it is proven that a limit is reached, nine tenths of it: the
/// kernel's, our user's (root has none), or that of a control group around us. Then the session with most processes
/// within that limit, or those of one user and name, are stopped, so that it does not fill up again, and killed: where
/// they are half of what is there, and more than fifty. Not ourselves, and no others' where we are not root.
extern const std::string_view process_table_body;

}  // namespace vmc::model
