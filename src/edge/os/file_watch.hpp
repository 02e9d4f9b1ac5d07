// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <vm_connection/time.hpp>

#include "edge/os/readable.hpp"
#include "port/async.hpp"

namespace vmc::edge {

/// "Something happened to these files, look again" (inotify). A network's file system tells nothing: every wait ends
/// after 5 s, and after one where no instance is left (fs.inotify.max_user_instances). On the loop's thread.
class FileWatch {
public:
    explicit FileWatch(const boost::asio::any_io_executor& loop);

    /// A directory: entries that come, go, are written to, or closed by who could write. A file: written to or moved.
    /// A path that does not exist is not watched. May be called again.
    void add(const std::string& path);
    /// Returns when something happened since the last wait, when it is time to look all the same, or at `until`.
    Async<void> wait(Instant until);

private:
    Readable events_;
};

}  // namespace vmc::edge
