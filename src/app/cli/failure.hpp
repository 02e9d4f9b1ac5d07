// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "model/exit_code.hpp"

namespace vmc::cli {

/// Why a verb ends without its result: one line for stderr and the exit code. Printed by main.
class Failure {
public:
    Failure(int code, std::string text) : exit_code(code), line(std::move(text)) {}
    int exit_code;
    std::string line;
};

template <class T>
using Expected = std::expected<T, Failure>;

inline std::unexpected<Failure> usage(std::string line) {
    return std::unexpected<Failure>(std::in_place, model::exit_usage, std::move(line));
}
inline std::unexpected<Failure> our_failure(std::string line) {
    return std::unexpected<Failure>(std::in_place, model::exit_own_failure, std::move(line));
}

}  // namespace vmc::cli
