// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>

namespace vmc::python {

/// What came, and Python has not taken yet: up to 1 MiB ahead of it; then the VM waits.
class Pieces {
public:
    enum Kind { out = 0, err = 1, word = 2 };  ///< `word`: a line that is said of it, not by it

    /// On the loop's thread. False: wait for me.
    bool put(Kind kind, std::string_view bytes);
    bool any();
    /// [(kind, bytes)], in order. The second: the loop's side was waiting, and may go on.
    std::pair<pybind11::list, bool> take();

private:
    struct Piece {
        Kind kind;
        std::string bytes;
    };
    std::mutex mutex_;
    std::vector<Piece> pieces_;
    std::size_t waiting_ = 0;
    bool held_back_ = false;
};

}  // namespace vmc::python
