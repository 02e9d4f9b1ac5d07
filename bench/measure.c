// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

cost_reading cost_now(void) {
    struct rusage use;
    struct timespec now;
    getrusage(RUSAGE_SELF, &use);
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double wall = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    const cost_reading reading = {wall, seconds(use.ru_utime), seconds(use.ru_stime)};
    return reading;
}

// Sum of the kB lines of a /proc file that begin with `prefix`, in bytes.
static long kilobyte_lines(const char* path, const char* prefix) {
    FILE* file = fopen(path, "r");
    if (!file) return 0;
    char line[256];
    long sum = 0;
    while (fgets(line, sizeof line, file)) {
        const char* colon = strchr(line, ':');
        if (colon && strncmp(line, prefix, strlen(prefix)) == 0) sum += strtol(colon + 1, NULL, 10);
    }
    fclose(file);
    return sum * 1024;
}

long private_bytes(void) { return kilobyte_lines("/proc/self/smaps_rollup", "Private_"); }
long peak_rss_bytes(void) { return kilobyte_lines("/proc/self/status", "VmHWM"); }

static int ascending(const void* a, const void* b) {
    const double x = *(const double*)a, y = *(const double*)b;
    return (x > y) - (x < y);
}

double median_of(double* values, size_t count) {
    if (count == 0) return 0;
    qsort(values, count, sizeof *values, ascending);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void print_fields(cost_reading begin, int items, double each, long long bytes, long private_size) {
    const cost_reading end = cost_now();
    printf(
        "{\"items\": %d, \"each\": %.9f, \"bytes\": %lld, \"wall\": %.9f, \"cpu_user\": %.6f, \"cpu_sys\": %.6f, "
        "\"rss\": %ld, \"private\": %ld}\n",
        items, each, bytes, end.wall - begin.wall, end.cpu_user - begin.cpu_user, end.cpu_sys - begin.cpu_sys,
        peak_rss_bytes(), private_size);
    fflush(stdout);
}

void print_cost(cost_reading begin, int items, double each, long long bytes) {
    print_fields(begin, items, each, bytes, private_bytes());
}

void print_held(cost_reading begin, int items, long private_before) {
    print_fields(begin, items, 0, 0, (private_bytes() - private_before) / items);
}
