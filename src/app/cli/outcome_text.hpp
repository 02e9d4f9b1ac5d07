// SPDX-License-Identifier: Apache-2.0
// How the end of a command is shown. No doing here.
#pragma once

#include <string>
#include <string_view>

#include <vm_connection/outcome.hpp>
#include <vm_connection/vm.hpp>

namespace vmc::cli {

/// The fields of `--result` and of the last line of `--json` (schema 1), as one JSON document.
[[nodiscard]] std::string outcome_json(const std::string& host, const Outcome& outcome, std::string_view cause,
                                       std::string_view event = {});

/// One line for stderr; empty where the exit code says it all.
[[nodiscard]] std::string outcome_line(const Outcome& outcome);

/// The lines of `exec --json` for what one stream brings: "data" where it is text, else "base64".
/// A character that arrives in two pieces stays one.
class OutputEvents {
public:
    explicit OutputEvents(Stream stream) : stream_(stream) {}
    [[nodiscard]] std::string feed(std::string_view bytes);
    [[nodiscard]] std::string finish();

private:
    [[nodiscard]] std::string line(std::string_view bytes) const;
    Stream stream_;
    std::string held_;
};

/// A line of `exec --json` for something told meanwhile.
[[nodiscard]] std::string notice_event(const Notice& notice);

}  // namespace vmc::cli
