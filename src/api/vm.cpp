// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/vm.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "api/run_impl.hpp"
#include "api/vm_impl.hpp"
#include "health/boot_since.hpp"
#include "health/check.hpp"
#include "model/console_lines.hpp"
#include "recovery/climb.hpp"
#include "recovery/console_capture.hpp"
#include "recovery/power.hpp"

namespace vmc {

Vm::Impl::Impl(Target target, std::shared_ptr<Loop::Impl> loop)
    : loop_(std::move(loop)), tasks_(loop_->executor()),
      link_(std::make_unique<link::Link>(loop_->ports(), std::move(target), [this](const Notice& n) { hear(n); })),
      jobs_(std::make_unique<job::Jobs>(loop_->ports(), *link_)) {}

void Vm::Impl::hear(const Notice& notice) {
    std::function<void(const Notice&)> tell;
    {
        std::lock_guard lock(mutex_);
        state_ = model::slug(link_->state());
        tell = tell_;
    }
    if (tell) tell(notice);
}

void Vm::Impl::on_notice(std::function<void(const Notice&)> tell) {
    std::lock_guard lock(mutex_);
    tell_ = std::move(tell);
}

std::string Vm::Impl::state() {
    std::lock_guard lock(mutex_);
    return state_;
}

void Vm::Impl::run(std::shared_ptr<Run::Impl> run) {
    auto refuse = [run] {
        run->promise.set(Outcome(Refused{Error(Code::cancelled, Stage::none, "the link was closed")}));
    };
    auto begin = [this, run, refuse] {
        if (closed_) return refuse();
        auto work = [](std::shared_ptr<Run::Impl> held) -> Async<void> { co_await held->go(); };
        tasks_.spawn(work(run));
    };
    if (!post(std::move(begin))) refuse();
}

Task<bool> Vm::Impl::close() {
    Task<bool>::Promise done;
    auto work = [this, done]() mutable {
        if (std::exchange(closed_, true)) return done.set_cancelled();
        // Its frame may hold the last reference to this object, so no scope inside it can own it.
        boost::asio::co_spawn(loop_->executor(), shut(done), [self = shared_from_this()](const std::exception_ptr&) {});
    };
    if (!post(std::move(work))) done.set_cancelled();
    return done.task();
}

Async<void> Vm::Impl::shut(Task<bool>::Promise done) {
    tasks_.stop();
    co_await tasks_.join();
    co_await link_->close();
    {
        std::lock_guard lock(door_);
        shut_ = true;
    }
    // Behind all that was posted before, so that whoever waits for us finds that done too.
    boost::asio::post(loop_->executor(), [done]() mutable { done.set(true); });
}

Vm::Vm(Target target, Loop& loop) : impl_(std::make_shared<Impl>(std::move(target), loop.impl().shared_from_this())) {}

Vm::~Vm() {
    if (!impl_) return;
    auto closed = impl_->close();
    if (!impl_->loop().here()) closed.wait();
}

Vm::Vm(Vm&&) noexcept = default;
Vm& Vm::operator=(Vm&& other) noexcept {
    Vm old(std::move(*this));
    impl_ = std::move(other.impl_);
    return *this;
}

Task<Result<void>> Vm::connect() {
    return impl_->launch<Result<void>>([](link::Link& link) { return link.connect(); });
}

Task<bool> Vm::reconnect(int retries, Duration delay) {
    return impl_->launch<bool>([=](link::Link& link) { return link.reconnect(retries, delay); });
}

Run Vm::run(Command command, OutputFn output, bool open_input) {
    auto run = std::make_shared<Run::Impl>(impl_, std::move(command), std::move(output), open_input);
    impl_->run(run);
    return Run(std::move(run));
}

Task<Health> Vm::health(Level level) {
    return impl_->launch<Health>([impl = impl_.get(), level](link::Link& link) {
        return health::check(impl->loop().ports(), impl->loop().prober(), link, level);
    });
}

namespace {

Async<Diagnosis> look_at(Loop::Impl& loop, link::Link& link) {
    const auto& described = link.target().power();
    const auto power = described ? loop.switches().make(*described) : nullptr;
    co_return co_await health::diagnose(loop.ports(), loop.prober(), link, power.get());
}

}  // namespace

Task<Diagnosis> Vm::diagnose() {
    return impl_->launch<Diagnosis>([impl = impl_.get()](link::Link& link) { return look_at(impl->loop(), link); });
}

Task<Result<BootRecord>> Vm::boot() {
    return impl_->launch<Result<BootRecord>>(
        [impl = impl_.get()](link::Link& link) { return health::read_boot(impl->loop().ports(), link); });
}

Task<Result<BootStory>> Vm::boot_since(BootRecord before, WallTime last_heartbeat) {
    return impl_->launch<Result<BootStory>>(
        [impl = impl_.get(), before = std::move(before), last_heartbeat](link::Link& link) {
            return health::boot_since(impl->loop().ports(), link, before, last_heartbeat);
        });
}

namespace {

Result<std::unique_ptr<port::PowerSwitch>> switch_of(Loop::Impl& loop, const Target& target) {
    if (!target.power()) return failed(Code::bad_request, Stage::config, target.host() + " has no power switch");
    return loop.switches().make(*target.power());
}

Async<Result<PowerReading>> ask_power(Loop::Impl& loop, const Target& target) {
    const auto power = switch_of(loop, target);
    if (!power) co_return std::unexpected(power.error());
    co_return co_await recovery::read_power(loop.ports(), **power, target.power()->within());
}

Async<Result<PowerReading>> order_power(Loop::Impl& loop, const Target& target, PowerAction action) {
    const auto power = switch_of(loop, target);
    if (!power) co_return std::unexpected(power.error());
    co_return co_await recovery::change_power(loop.ports(), target, **power, action, target.power()->within(), false);
}

}  // namespace

Task<Result<PowerReading>> Vm::power() {
    return impl_->launch<Result<PowerReading>>(
        [impl = impl_.get()](link::Link& link) { return ask_power(impl->loop(), link.target()); });
}

Task<Result<PowerReading>> Vm::power(PowerAction action) {
    return impl_->launch<Result<PowerReading>>(
        [impl = impl_.get(), action](link::Link& link) { return order_power(impl->loop(), link.target(), action); });
}

namespace {

/// For as long as somebody else works: never the first to return.
Async<void> capture_beside(Loop::Impl& loop, const Target& target, port::ConsoleLog& log) {
    const auto console = loop.consoles().make(*target.console());
    auto ports = loop.ports();
    recovery::ConsoleCapture capture(ports.clock, ports.random, *console, log);
    (void)co_await capture.keep();
    co_await ports.clock.sleep_until(never);
}

Async<Recovery> bring_back(Loop::Impl& loop, link::Link& link, RecoveryPolicy policy, RecoveryFn tell) {
    const auto& described = link.target().power();
    const auto power = described ? loop.switches().make(*described) : nullptr;
    if (!link.target().console()) {
        recovery::Climb climb(loop.ports(), loop.prober(), link, power.get(), nullptr, policy, std::move(tell));
        co_return co_await climb.run();
    }
    const auto log = loop.console_logs().open(model::console_log_name(link.target()));
    recovery::Climb climb(loop.ports(), loop.prober(), link, power.get(), log ? log->get() : nullptr, policy,
                          std::move(tell));
    if (!log) co_return co_await climb.run();
    using namespace boost::asio::experimental::awaitable_operators;
    auto both = climb.run() || capture_beside(loop, link.target(), **log);
    auto first = co_await std::move(both);
    co_return std::get<0>(std::move(first));
}

}  // namespace

Task<Recovery> Vm::recover(RecoveryPolicy policy, RecoveryFn tell) {
    return impl_->launch<Recovery>([impl = impl_.get(), policy, tell = std::move(tell)](link::Link& link) {
        return bring_back(impl->loop(), link, policy, tell);
    });
}

Task<Result<Reboot>> Vm::reboot(Duration within, RecoveryFn tell) {
    return impl_->launch<Result<Reboot>>([impl = impl_.get(), within, tell = std::move(tell)](link::Link& link) {
        return recovery::reboot(impl->loop().ports(), impl->loop().prober(), link, within, tell);
    });
}

Task<bool> Vm::close() { return impl_->close(); }

std::string Vm::state() const { return impl_->state(); }

const Target& Vm::target() const { return impl_->link().target(); }

void Vm::on_notice(std::function<void(const Notice&)> tell) { impl_->on_notice(std::move(tell)); }

void Vm::retry_auth(bool yes) {
    (void)impl_->post([impl = impl_.get(), yes] {
        impl->link().held_by(yes ? link::Approach::Hold::none : link::Approach::Hold::both);
    });
}

void Vm::first_boot(bool yes) {
    (void)impl_->post([impl = impl_.get(), yes] {
        impl->link().held_by(yes ? link::Approach::Hold::etiquette : link::Approach::Hold::both);
    });
}

void Vm::patient(bool yes) {
    (void)impl_->post([impl = impl_.get(), yes] { impl->link().be_patient(yes); });
}

}  // namespace vmc
