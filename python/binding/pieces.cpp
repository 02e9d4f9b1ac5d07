// SPDX-License-Identifier: Apache-2.0
#include "pieces.hpp"

namespace vmc::python {

namespace py = pybind11;

namespace {

constexpr std::size_t ahead_limit = 1024 * 1024;

}  // namespace

bool Pieces::put(Kind kind, std::string_view bytes) {
    std::lock_guard lock(mutex_);
    if (kind != word && !pieces_.empty() && pieces_.back().kind == kind) pieces_.back().bytes.append(bytes);
    else pieces_.push_back(Piece{kind, std::string(bytes)});
    waiting_ += bytes.size();
    held_back_ = waiting_ >= ahead_limit;
    return !held_back_;
}

bool Pieces::any() {
    std::lock_guard lock(mutex_);
    return !pieces_.empty();
}

std::pair<py::list, bool> Pieces::take() {
    std::vector<Piece> pieces;
    bool was_held_back = false;
    {
        std::lock_guard lock(mutex_);
        waiting_ = 0;
        pieces = std::exchange(pieces_, {});
        was_held_back = std::exchange(held_back_, false);
    }
    py::list taken;
    for (const auto& piece : pieces) taken.append(py::make_tuple(static_cast<int>(piece.kind), py::bytes(piece.bytes)));
    return {std::move(taken), was_held_back};
}

}  // namespace vmc::python
