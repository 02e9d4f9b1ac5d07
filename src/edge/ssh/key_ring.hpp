// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <vm_connection/error.hpp>

#include "edge/os/off_loop.hpp"
#include "edge/ssh/key_file.hpp"

namespace vmc::edge {

/// The private keys of this process: each file read, checked and decrypted once, off the loop, and
/// shared by all sessions (L17: bcrypt takes 100 ms and more). A changed file is read again; to see
/// that it changed costs a helper thread one stat, at most once a second per file.
/// On the loop thread; must outlive the tasks that ask.
class KeyRing {
public:
    explicit KeyRing(OffLoop& helpers) : helpers_(helpers) {}

    /// What the file holds, without asking anybody: `locked` is an answer.
    Async<Result<std::shared_ptr<const KeyReading>>> peek(std::string path, Instant deadline);

    /// Like peek, but asks for the passphrase of a locked key: once for one content of the file,
    /// whatever the answer, and once for all who ask at the same time. When `deadline` comes first
    /// the question stays open, and its answer serves the next attempt.
    Async<Result<std::shared_ptr<const KeyReading>>> unlock(std::string path, PassphraseFn ask, Instant deadline);

private:
    struct Entry {
        std::shared_ptr<const KeyReading> reading;
        Instant read_at{};
        bool reading_now = false;
        bool asked = false;  // for the passphrase of this content
        std::vector<Alarm*> waiting;
    };
    class Waiting;
    void start_reading(const std::shared_ptr<Entry>& entry, std::string path, PassphraseFn ask);

    OffLoop& helpers_;
    std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace vmc::edge
