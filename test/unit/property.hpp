// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <doctest/doctest.h>
#include <rapidcheck.h>

namespace vmc {

/// A property that must hold for whatever rapidcheck draws; a counterexample fails the test, which
/// rc::check() alone does not. It prints the seed; RC_PARAMS="seed=…" replays it.
template <class Property>
void always(Property&& property) {
    const bool holds = rc::check(std::forward<Property>(property));
    CHECK(holds);
}

}  // namespace vmc
