// SPDX-License-Identifier: Apache-2.0
// What a command does on a simulated machine, in virtual time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/time.hpp>

#include "port/transport.hpp"

namespace vmc::sim {

class SimHost;
class Step;
using Script = std::vector<Step>;

/// One thing a process does.
class Step {
public:
    enum class Kind {
        print,       ///< text to stdout or stderr
        sleep,
        exit,        ///< with number
        die,         ///< of the signal named in text
        stream,      ///< number bytes of numbered lines at rate bytes per second (0: as fast as it goes)
        cat,         ///< stdin to stdout until end of file
        read_script, ///< `sh -s`: all of stdin is the next script
        ignore,      ///< the signal named in text
        background,  ///< a child that keeps the output open for a while
        reboot,      ///< the machine goes down for a while
        host_file,   ///< the contents of a file of this machine, by path
        hang,        ///< until killed
        call,        ///< asks the test what to do next
    };
    explicit Step(Kind what, std::string words = {}, std::uint64_t amount = 0, Duration how_long = {})
        : kind(what), text(std::move(words)), number(amount), span(how_long) {}

    static Step print(std::string words, port::Stream stream = port::Stream::out) {
        Step step(Kind::print, std::move(words));
        step.to = stream;
        return step;
    }
    static Step sleep(Duration how_long) { return Step(Kind::sleep, {}, 0, how_long); }
    static Step exit(std::uint64_t code) { return Step(Kind::exit, {}, code); }
    static Step call(std::function<Script(SimHost&)> next) {
        Step step(Kind::call);
        step.next = std::move(next);
        return step;
    }
    static Step hang() { return Step(Kind::hang); }

    Kind kind;
    std::string text;
    std::uint64_t number;
    Duration span;
    port::Stream to = port::Stream::out;
    std::function<Script(SimHost&)> next;
};

/// A very small shell. Commands between `;` or `&&`, each optionally followed by `>&2`:
///   echo WORDS · printf TEXT · sleep SECONDS · exit N · true · false · cat · cat FILE · sh -s
///   stream BYTES [RATE] · kill -SIG $$ · trap '' SIG · sleep SECONDS & · hang · reboot SECONDS · sync
/// Anything else prints "sh: 1: WORD: not found" and exits with 127.
[[nodiscard]] Script parse_script(std::string_view line);

/// The bytes [offset, offset + count) of the stream every `stream` command prints: lines of
/// 16 bytes that carry their own number, so that a reader can check each byte.
[[nodiscard]] std::string stream_bytes(std::uint64_t offset, std::size_t count);

}  // namespace vmc::sim
