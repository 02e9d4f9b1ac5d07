// SPDX-License-Identifier: Apache-2.0
// Jobs that say what they print, and followers that keep what they hear.
#pragma once

#include <cstdio>
#include <fstream>
#include <random>

#include "live/lab.hpp"

namespace lab {

/// What `noise` prints: numbered lines, so that a gap, a double and a swap are all seen.
inline std::string numbered(int lines, const std::string& word) {
    std::string text;
    for (int i = 1; i <= lines; ++i) text += word + " " + std::to_string(i) + "\n";
    return text;
}

/// `lines` numbered lines on each stream, in `bursts`, and its id in the ledger.
inline std::string noisy(const std::string& id, int lines, int bursts, int code) {
    const auto each = std::to_string(lines / bursts);
    return "echo " + id + " >>/ledger; b=0; while [ $b -lt " + std::to_string(bursts) +
           " ]; do seq -f 'out %.0f' $((b*" + each + "+1)) $((b*" + each + "+" + each + ")); seq -f 'err %.0f' $((b*" +
           each + "+1)) $((b*" + each + "+" + each + ")) >&2; b=$((b+1)); sleep 0.1; done; exit " +
           std::to_string(code);
}

inline int count_in(const std::string& ledger, const std::string& id) {
    std::ifstream in(ledger);
    int count = 0;
    for (std::string line; std::getline(in, line);) count += line == id;
    return count;
}

inline std::string uuid(std::mt19937_64& chance) {
    char text[37];
    std::snprintf(text, sizeof text, "%08x-%04x-4%03x-8%03x-%012llx", static_cast<unsigned>(chance()),
                  static_cast<unsigned>(chance() & 0xffff), static_cast<unsigned>(chance() & 0xfff),
                  static_cast<unsigned>(chance() & 0xfff),
                  static_cast<unsigned long long>(chance() & 0xffffffffffffULL));
    return text;
}

/// Both streams of one follower.
struct Heard {
    std::string out, err;
    std::vector<std::string> said;
    vmc::JobEnd end;
};

inline Heard follow(const vmc::Job& job, vmc::Duration lost_after = std::chrono::seconds(60)) {
    Heard heard;
    std::mutex mutex;
    vmc::FollowOptions options;
    options.lost_after(lost_after);
    options.says([&](std::string_view line) {
        std::lock_guard lock(mutex);
        heard.said.emplace_back(line);
    });
    auto put = [&](vmc::Stream stream, std::string_view bytes) {
        (stream == vmc::Stream::out ? heard.out : heard.err) += bytes;
        return true;
    };
    auto followed = job.follow(put, std::move(options));
    heard.end = followed.end().get();
    return heard;
}

}  // namespace lab
