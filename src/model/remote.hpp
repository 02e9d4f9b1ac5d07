// SPDX-License-Identifier: Apache-2.0
// The parts of remote/, as they are sent. Generated from the files by cmake/Remote.cmake: whole-line
// comments and indentation are left out.
#pragma once

#include <string_view>

namespace vmc::model::remote {

extern const std::string_view prelude;
extern const std::string_view place;
extern const std::string_view prepare;
extern const std::string_view launch;
extern const std::string_view submit;
extern const std::string_view resume;
extern const std::string_view stage;
extern const std::string_view describe;
extern const std::string_view list;
extern const std::string_view look;
extern const std::string_view follow;
extern const std::string_view tree;
extern const std::string_view cancel;
extern const std::string_view remove;
extern const std::string_view cleanup;
extern const std::string_view starter;
extern const std::string_view supervise;
extern const std::string_view dead_man;
extern const std::string_view confirm;
extern const std::string_view view;
extern const std::string_view runner;

}  // namespace vmc::model::remote
