// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "port/async.hpp"
#include "port/transport.hpp"

namespace vmc::link {

/// Where a command's output goes. Two words instead of one, so that a cancelled wait loses no byte.
class Sink {
public:
    virtual ~Sink() = default;
    /// Returns when take() may be called once. A slow consumer slows the VM through this.
    virtual Async<void> ready() = 0;
    virtual void take(port::Stream stream, std::string bytes) = 0;
};

/// Where a command's input comes from.
class Source {
public:
    virtual ~Source() = default;
    /// The next bytes; nothing at end of file. Cancelling it loses no byte.
    virtual Async<std::optional<std::string>> read() = 0;
};

/// Swallows everything.
class NoSink final : public Sink {
public:
    Async<void> ready() override { co_return; }
    void take(port::Stream, std::string) override {}
};

}  // namespace vmc::link
