// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include <vm_connection/vm.hpp>

#include "app/cli/console.hpp"
#include "app/cli/host_options.hpp"
#include "app/cli/signals.hpp"
#include "app/cli/streams.hpp"

namespace vmc::cli {

/// The VM a verb works with: its settings read, its notices told, every wait open to Ctrl-C.
class Contact {
public:
    /// Nothing is connected yet. `at_most` bounds the connect timeout further.
    [[nodiscard]] static Expected<std::unique_ptr<Contact>> open(const HostOptions& options,
                                                                 Duration at_most = Duration::max());

    [[nodiscard]] Vm& vm() { return vm_; }
    [[nodiscard]] const Console& console() const { return console_; }
    [[nodiscard]] const Settings& settings() const { return settings_; }
    [[nodiscard]] const std::string& host() const { return host_; }

    /// "HOST: line" with the code for not having reached it, or the code for a mistake in the call.
    [[nodiscard]] Failure failure(const Error& error) const;
    [[nodiscard]] Expected<void> connect();
    /// What the task came to, or the failure to report because somebody interrupted us.
    template <class T>
    [[nodiscard]] Expected<T> finish(Task<T> task) {
        if (await(task, bell(), [] { return Signals::wish() != 0; })) return task.get();
        task.cancel();
        return std::unexpected(interrupted());
    }
    [[nodiscard]] Failure interrupted() const;

    /// Called with each notice, on the loop's thread, after it was told.
    void also_hear(std::function<void(const Notice&)> hear);

private:
    Contact(const HostOptions& options, Settings settings, Target target);
    std::string host_;
    HostOptions options_;
    Console console_;
    Settings settings_;
    Vm vm_;  // last: it may speak to the console until it is gone
};

}  // namespace vmc::cli
