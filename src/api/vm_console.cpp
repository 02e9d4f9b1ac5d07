// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <vm_connection/vm.hpp>

#include "api/vm_impl.hpp"
#include "model/console_lines.hpp"
#include "recovery/console_capture.hpp"

namespace vmc {

namespace {

/// While nothing was written and nothing told us: a network's file system.
constexpr Duration look_each = std::chrono::seconds(10);

Error no_console(const Target& target) {
    return Error(Code::bad_request, Stage::config, target.host() + " has no console");
}

Result<std::unique_ptr<port::ConsoleLog>> log_of(Loop::Impl& loop, const Target& target) {
    if (!target.console()) return std::unexpected(no_console(target));
    return loop.console_logs().open(model::console_log_name(target));
}

Async<Result<void>> capture(Loop::Impl& loop, const Target& target) {
    const auto log = log_of(loop, target);
    if (!log) co_return std::unexpected(log.error());
    const auto console = loop.consoles().make(*target.console());
    auto ports = loop.ports();
    recovery::ConsoleCapture capturing(ports.clock, ports.random, *console, **log);
    co_return std::unexpected(co_await capturing.keep());
}

Async<Result<void>> listen(Loop::Impl& loop, const Target& target, port::ConsoleLog& log, Duration span) {
    const auto console = loop.consoles().make(*target.console());
    auto ports = loop.ports();
    recovery::ConsoleCapture capturing(ports.clock, ports.random, *console, log);
    co_return co_await capturing.listen(span);
}

Async<Result<ConsoleLines>> tail(Loop::Impl& loop, const Target& target, std::size_t count, Duration span) {
    const auto log = log_of(loop, target);
    if (!log) co_return std::unexpected(log.error());
    auto heard = Result<void>();
    if (span > Duration{}) heard = co_await listen(loop, target, **log, span);
    if (!heard && heard.error().code() == Code::bad_request) co_return std::unexpected(std::move(heard.error()));
    // One line at least, to know whether there is any.
    auto found = co_await (*log)->tail(std::max<std::size_t>(count, 1));
    if (!found) co_return found;
    if (!heard && found->lines.empty()) co_return std::unexpected(std::move(heard.error()));
    if (!heard) found->trouble = heard.error().line();
    if (count == 0) found->lines.clear();
    co_return found;
}

Async<Result<ConsoleLines>> after(Loop::Impl& loop, const Target& target, ConsoleCursor from) {
    const auto log = log_of(loop, target);
    if (!log) co_return std::unexpected(log.error());
    for (bool missed = false;;) {
        auto found = co_await (*log)->after(from);
        if (!found) co_return found;
        missed = found->missed = missed || found->missed;
        if (!found->lines.empty()) co_return found;
        from = found->next;
        co_await (*log)->wait_for_change(loop.ports().clock.now() + look_each);
    }
}

}  // namespace

Task<Result<void>> Vm::capture_console() {
    return impl_->launch<Result<void>>(
        [impl = impl_.get()](link::Link& link) { return capture(impl->loop(), link.target()); });
}

Task<Result<ConsoleLines>> Vm::console_tail(std::size_t lines, Duration listen) {
    return impl_->launch<Result<ConsoleLines>>([impl = impl_.get(), lines, listen](link::Link& link) {
        return tail(impl->loop(), link.target(), lines, listen);
    });
}

Task<Result<ConsoleLines>> Vm::console_after(ConsoleCursor from) {
    return impl_->launch<Result<ConsoleLines>>(
        [impl = impl_.get(), from](link::Link& link) { return after(impl->loop(), link.target(), from); });
}

}  // namespace vmc
