// SPDX-License-Identifier: Apache-2.0
// What the shared library shows: all that stands in `namespace vmc VMC_API`, which is all of the
// public headers; VMC_HIDDEN takes out the machinery behind them.
#pragma once

#define VMC_API __attribute__((visibility("default")))
#define VMC_HIDDEN __attribute__((visibility("hidden")))
