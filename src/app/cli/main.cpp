// SPDX-License-Identifier: Apache-2.0
// vmc: the command line of vm-connection.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/cli/command_line.hpp"
#include "app/cli/console.hpp"
#include "app/cli/signals.hpp"
#include "app/cli/streams.hpp"
#include "app/cli/terminal.hpp"

int main(int argc, char** argv) {
    using namespace vmc::cli;
    Streams::repair();
    Signals::attend(bell());

    CommandLine line(argc, argv);
    auto ended = line.parse();
    if (ended && !*ended) ended = line.run();
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
