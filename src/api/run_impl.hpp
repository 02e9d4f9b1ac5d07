// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>

#include <vm_connection/vm.hpp>

#include "api/vm_impl.hpp"
#include "link/link.hpp"

namespace vmc {

/// One command under way: both ends of its output and input. On the loop's thread, but for the
/// promise and the counter.
class Run::Impl final : public link::Sink, public link::Source, public std::enable_shared_from_this<Run::Impl> {
public:
    Impl(std::shared_ptr<Vm::Impl> vm, Command command, OutputFn output, bool open_input);

    // link::Sink
    Async<void> ready() override;
    void take(port::Stream stream, std::string bytes) override;
    // link::Source
    Async<std::optional<std::string>> read() override;

    Async<void> go();

    void write(std::string bytes);
    void close_input();
    void resume_output();

    const std::shared_ptr<Vm::Impl> vm;
    const Command command;
    Task<Outcome>::Promise promise;
    link::Control control;
    std::atomic<std::size_t> input_waiting{0};

private:
    OutputFn output_;
    bool has_input_;
    bool held_back_ = false;  // the consumer said: no more for now
    bool input_closed_;
    std::deque<std::string> input_;
    flow::Event changed_;
};

}  // namespace vmc
