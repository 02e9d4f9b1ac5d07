// SPDX-License-Identifier: Apache-2.0
#include "engine.hpp"

#include <set>

#include <unistd.h>

namespace vmc::python {

namespace {

/// A person types it. Longer, and the login fails for want of it.
constexpr std::chrono::seconds passphrase_within{120};
/// A link ends in order within 1 s.
constexpr std::chrono::seconds leave_within{3};

/// Touched with the GIL only.
struct House {
    int owner = 0;
    Loop* loop = nullptr;
    std::set<Engine*> engines;
    bool left = false;
};

House& house() {
    static auto* the_house = new House;  // never destroyed: the interpreter may outlive main()
    if (the_house->owner != ::getpid()) {
        // First use, or a forked child: what is there belongs to the parent.
        the_house = new House;
        the_house->owner = ::getpid();
    }
    return *the_house;
}

Loop& loop() {
    if (house().left) throw std::runtime_error("the interpreter is ending");
    if (!house().loop) house().loop = new Loop;
    return *house().loop;
}

}  // namespace

std::optional<std::string> Passphrases::ask(const std::string& key_path) {
    std::unique_lock lock(mutex_);
    if (answer_) return answer_;
    asked_ = key_path;
    changed_.wait_for(lock, passphrase_within, [&] { return answer_ || refused_; });
    asked_.reset();
    refused_ = false;
    return answer_;
}

std::optional<std::string> Passphrases::question() {
    std::lock_guard lock(mutex_);
    return std::exchange(asked_, std::nullopt);
}

void Passphrases::answer(std::optional<std::string> passphrase) {
    std::lock_guard lock(mutex_);
    refused_ = !passphrase || passphrase->empty();
    if (!refused_) answer_ = std::move(passphrase);
    changed_.notify_all();
}

void Passphrases::give_up() { answer(std::nullopt); }

Engine::Engine(const py::handle& wanted) : owner_(::getpid()) {
    Target target = target_of(wanted);
    const py::object passphrase = wanted.attr("passphrase");
    if (!passphrase.is_none()) {
        const bool known = PyUnicode_Check(passphrase.ptr());
        passphrases_ = std::make_shared<Passphrases>(known ? std::optional(bytes_of(passphrase)) : std::nullopt);
        target.passphrase([asked = passphrases_](const std::string& key_path) { return asked->ask(key_path); });
    }
    vm_ = std::make_shared<Vm>(std::move(target), loop());
    if (wanted.attr("retry_auth").cast<bool>()) vm_->retry_auth(true);
    house().engines.insert(this);
}

Engine::~Engine() {
    if (owner_ != ::getpid()) {
        new std::shared_ptr<Vm>(std::move(vm_));  // the parent's: kept for ever, so that nothing waits for its thread
        return;
    }
    house().engines.erase(this);
    let_go();
}

Vm& Engine::vm() {
    if (!vm_) throw TaskCancelled();
    return *vm_;
}

std::optional<Task<bool>> Engine::let_go() {
    if (!vm_) return std::nullopt;
    if (passphrases_) passphrases_->give_up();
    auto closed = vm_->close();
    // Destroyed on the loop's thread when there is nothing left to wait for.
    closed.on_done([vm = std::move(vm_), listening = std::move(listening_)] {
        if (listening) listening->end();
    });
    return closed;
}

std::unique_ptr<Call> Engine::connect(Box box, std::uint64_t ticket) {
    return std::make_unique<Call>(vm().connect(), slot_of(std::move(box), ticket), [](Result<void> up) {
        return up ? py::object(py::none()) : py::object(render(up.error()));
    });
}

std::unique_ptr<Call> Engine::reconnect(Box box, std::uint64_t ticket, int retries, double delay) {
    return std::make_unique<Call>(vm().reconnect(retries, span(delay)), slot_of(std::move(box), ticket),
                                  [](bool up) { return py::bool_(up); });
}

std::unique_ptr<RunCall> Engine::run(Box box, std::uint64_t ticket, const py::handle& spec, bool wants_output) {
    return std::make_unique<RunCall>(vm(), command_of(spec), slot_of(std::move(box), ticket), wants_output);
}

std::unique_ptr<Call> Engine::health(Box box, std::uint64_t ticket, const std::string& level) {
    return std::make_unique<Call>(vm().health(parse_level(level).value_or(Level::medium)),
                                  slot_of(std::move(box), ticket), [](const Health& health) { return render(health); });
}

std::unique_ptr<Call> Engine::diagnose(Box box, std::uint64_t ticket) {
    return std::make_unique<Call>(vm().diagnose(), slot_of(std::move(box), ticket),
                                  [](const Diagnosis& diagnosis) { return render(diagnosis); });
}

namespace {

template <class T>
py::dict rendered(const Result<T>& found) {
    if (found) return render(*found);
    py::dict made;
    made["failure"] = render(found.error());
    return made;
}

}  // namespace

std::unique_ptr<Call> Engine::power(Box box, std::uint64_t ticket, const std::string& action) {
    const auto wanted = parse_power_action(action);
    return std::make_unique<Call>(wanted ? vm().power(*wanted) : vm().power(), slot_of(std::move(box), ticket),
                                  rendered<PowerReading>);
}

std::unique_ptr<Call> Engine::console(Box box, std::uint64_t ticket, std::size_t lines, double listen) {
    return std::make_unique<Call>(vm().console_tail(lines, span(listen)), slot_of(std::move(box), ticket),
                                  rendered<ConsoleLines>);
}

std::unique_ptr<Call> Engine::recover(Box box, std::uint64_t ticket, const py::handle& policy) {
    return std::make_unique<Call>(vm().recover(policy_of(policy)), slot_of(std::move(box), ticket),
                                  [](const Recovery& done) { return render(done); });
}

std::unique_ptr<Call> Engine::reboot(Box box, std::uint64_t ticket, double within) {
    return std::make_unique<Call>(vm().reboot(span(within)), slot_of(std::move(box), ticket), rendered<Reboot>);
}

std::unique_ptr<Call> Engine::boot(Box box, std::uint64_t ticket) {
    return std::make_unique<Call>(vm().boot(), slot_of(std::move(box), ticket), rendered<BootRecord>);
}

std::unique_ptr<Call> Engine::boot_since(Box box, std::uint64_t ticket, const py::dict& before, double last_heartbeat) {
    auto was = record_of(before);
    if (!was) throw py::value_error("boot_id must be a lower-case UUID");
    return std::make_unique<Call>(vm().boot_since(std::move(*was), wall_time(last_heartbeat)),
                                  slot_of(std::move(box), ticket), rendered<BootStory>);
}

std::unique_ptr<Call> Engine::close(Box box, std::uint64_t ticket) {
    auto closed = let_go();
    if (!closed) {
        Task<bool>::Promise done;
        done.set(true);
        closed = done.task();
    }
    return std::make_unique<Call>(*closed, slot_of(std::move(box), ticket), [](bool) { return py::none(); });
}

std::shared_ptr<Listening> Engine::listen(Box box, std::uint64_t ticket) {
    listening_ = std::make_shared<Listening>(slot_of(std::move(box), ticket));
    vm().on_notice([listening = listening_](const Notice& notice) { listening->hear(notice); });
    return listening_;
}

void Engine::answer(std::optional<std::string> passphrase) {
    if (passphrases_) passphrases_->answer(std::move(passphrase));
}

void leave() {
    auto& all = house();
    all.left = true;
    std::vector<Task<bool>> closing;
    for (auto* engine : all.engines)
        if (auto closed = engine->let_go()) closing.push_back(*closed);
    const auto deadline = std::chrono::steady_clock::now() + leave_within;
    bool all_closed = true;
    for (const auto& closed : closing)
        all_closed = closed.wait_for(deadline - std::chrono::steady_clock::now()) && all_closed;
    // A link that does not end keeps its thread: the process takes both with it.
    if (all_closed) delete std::exchange(all.loop, nullptr);
}

}  // namespace vmc::python
