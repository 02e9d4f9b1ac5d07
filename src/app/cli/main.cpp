// SPDX-License-Identifier: Apache-2.0
// vmc: the command line of vm-connection.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "app/cli/command_line.hpp"
#include "app/cli/console.hpp"
#include "app/cli/signals.hpp"
#include "app/cli/streams.hpp"
#include "app/cli/terminal.hpp"

namespace {

/// Without a descriptor left there is not even a loop: that is told as ours, not as a bug.
vmc::cli::Expected<std::optional<int>> perform(vmc::cli::CommandLine& line) {
    try {
        auto ended = line.parse();
        return ended && !*ended ? line.run() : ended;
    } catch (const std::runtime_error& trouble) {
        return vmc::cli::our_failure(trouble.what());
    }
}

}  // namespace

int main(int argc, char** argv) {
    using namespace vmc::cli;
    Streams::repair();
    Signals::attend(bell());

    CommandLine line(argc, argv);
    const auto ended = perform(line);
    if (!ended && !ended.error().line.empty()) tell(ended.error().line);

    int code = ended ? **ended : ended.error().exit_code;
    // A reader that does not read keeps us only until a signal; the threads that write are left behind.
    streams().settle(vmc::never);
    if (const int error = streams().out().why_broken(); error != 0 && error != EPIPE && ended) {
        tell("stdout: " + std::string(std::strerror(error)));
        streams().settle(vmc::never);
        code = vmc::model::exit_own_failure;
    }
    Terminal::restore();
    ::_exit(code);
}
