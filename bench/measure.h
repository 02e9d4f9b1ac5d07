// SPDX-License-Identifier: Apache-2.0
// What a stretch of work cost this process, printed as one line of JSON. Every client of the
// comparison prints the same fields; bench/peers/measure.py is the same in Python.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A reading of this process at one moment.
typedef struct {
    double wall;      ///< s, monotonic
    double cpu_user;  ///< s, all threads
    double cpu_sys;   ///< s, all threads
} cost_reading;

cost_reading cost_now(void);

/// Memory of this process that no other process shares, in bytes (smaps_rollup, Private_*).
long private_bytes(void);
/// Resident set in bytes at its highest (VmHWM).
long peak_rss_bytes(void);

/// The middle one of `count` values; sorts them.
double median_of(double* values, size_t count);

/// {"items", "each", "bytes", "wall", "cpu_user", "cpu_sys", "rss", "private"}: `each` is the median
/// time of one item in seconds, `bytes` what was received, the rest is the cost since `begin`.
void print_cost(cost_reading begin, int items, double each, long long bytes);

/// As above for links held open: `private` is what one link added to the process.
void print_held(cost_reading begin, int items, long private_before);

#ifdef __cplusplus
}
#endif
