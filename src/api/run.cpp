// SPDX-License-Identifier: Apache-2.0
#include "api/run_impl.hpp"

namespace vmc {

Run::Impl::Impl(std::shared_ptr<Vm::Impl> on, Command what, OutputFn output, bool open_input)
    : vm(std::move(on)), command(std::move(what)), control(vm->loop().executor()), output_(std::move(output)),
      has_input_(open_input || !command.input().empty()), input_closed_(!open_input), changed_(vm->loop().executor()) {
    if (!command.input().empty()) input_.push_back(command.input());
}

Async<void> Run::Impl::ready() {
    while (held_back_) co_await changed_.wait();
}

void Run::Impl::take(port::Stream stream, std::string bytes) {
    if (!output_) return;
    held_back_ = !output_(stream == port::Stream::out ? Stream::out : Stream::err, bytes);
}

Async<std::optional<std::string>> Run::Impl::read() {
    while (input_.empty() && !input_closed_) co_await changed_.wait();
    if (input_.empty()) co_return std::nullopt;
    auto bytes = std::move(input_.front());
    input_.pop_front();
    input_waiting -= std::min(bytes.size(), input_waiting.load());
    co_return bytes;
}

void Run::Impl::write(std::string bytes) {
    if (input_closed_) return;
    input_.push_back(std::move(bytes));
    changed_.notify();
}

void Run::Impl::close_input() {
    input_closed_ = true;
    changed_.notify();
}

void Run::Impl::resume_output() {
    held_back_ = false;
    changed_.notify();
}

Async<void> Run::Impl::go() {
    // Whatever unwinds this (the link is being closed), the outcome is reported once.
    struct AtEnd {
        Run::Impl& run;
        Instant begun;
        ~AtEnd() {
            const Known may = run.control.may_have_run;
            Error why(Code::cancelled, Stage::command,
                      may == Known::no ? "the link was closed before it was sent"
                                       : "we closed the link; what runs on the VM may go on");
            Outcome outcome = may == Known::no ? Outcome(Refused{std::move(why)}) : Outcome(Lost{may, std::move(why)});
            outcome.took = run.vm->loop().ports().clock.now() - begun;
            run.promise.set(std::move(outcome));
        }
    } at_end{*this, vm->loop().ports().clock.now()};
    auto outcome = co_await vm->link().run(command, *this, has_input_ ? this : nullptr, control);
    promise.set(std::move(outcome));
}

Task<Outcome> Run::outcome() const { return impl_->promise.task(); }

void Run::cancel() {
    (void)impl_->vm->post([run = impl_] { run->control.cancel(); });
}

void Run::send_signal(std::string name) {
    (void)impl_->vm->post([run = impl_, name = std::move(name)] { run->control.send_signal(name); });
}

void Run::resize(int columns, int rows) {
    (void)impl_->vm->post([run = impl_, columns, rows] { run->control.resize(columns, rows); });
}

void Run::write(std::string bytes) {
    impl_->input_waiting += bytes.size();
    (void)impl_->vm->post([run = impl_, bytes = std::move(bytes)]() mutable { run->write(std::move(bytes)); });
}

void Run::close_input() {
    (void)impl_->vm->post([run = impl_] { run->close_input(); });
}

std::size_t Run::input_waiting() const { return impl_->input_waiting; }

void Run::resume_output() {
    (void)impl_->vm->post([run = impl_] { run->resume_output(); });
}

}  // namespace vmc
