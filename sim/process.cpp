// SPDX-License-Identifier: Apache-2.0
#include "sim/process.hpp"

#include <algorithm>
#include <utility>

#include "sim/host.hpp"

namespace vmc::sim {

namespace {

constexpr std::size_t chunk = 16 * 1024;

}  // namespace

Process::Process(SimHost& host, int id, std::string line, Origin from, Parent& parent, std::uint32_t channel)
    : pid(id), started(host.agenda().now()), origin(std::move(from)), host_(host), line_(std::move(line)),
      parent_(&parent), channel_(channel) {
    const auto known = host.answer(*this, line_);
    script_ = known ? *known : parse_script(line_);
    if (const Duration delay = host_.sluggishness(); delay > Duration{})
        script_.insert(script_.begin(), Step::sleep(delay));
}

Process::~Process() {
    if (alarm_) host_.agenda().strike(*alarm_);
}

void Process::wake_at(Instant when) {
    if (alarm_) host_.agenda().strike(*alarm_);
    alarm_ = host_.agenda().at(when, [this] {
        alarm_.reset();
        run();
    });
}

void Process::run() {
    if (!host_.thinks()) return;  // the host runs everybody when it wakes
    if (lingering_ && host_.agenda().now() >= output_held_until_) {
        lingering_ = false;
        if (parent_) parent_->output_closed(channel_);
    }
    while (!ended_) {
        if (at_ == script_.size()) return end_with(0, {});
        switch (perform(script_[at_])) {
            case Progress::next: ++at_; break;
            case Progress::waits:
            case Progress::over: return;
        }
    }
}

Process::Progress Process::perform(Step& step) {
    switch (step.kind) {
        case Step::Kind::print: return print(step.text, step.to);
        case Step::Kind::sleep: return sleep(step);
        case Step::Kind::stream: return stream(step);
        case Step::Kind::cat: return cat();
        case Step::Kind::read_script: return read_script();
        case Step::Kind::ignore: ignored_.insert(step.text); return Progress::next;
        case Step::Kind::host_file: return print(host_.file(step.text), port::Stream::out);
        case Step::Kind::call: {
            const auto next = step.next;
            return go_on_with(next(host_));
        }
        case Step::Kind::hang: return Progress::waits;
        case Step::Kind::background:
            output_held_until_ = std::max(output_held_until_, host_.agenda().now() + step.span);
            return Progress::next;
        case Step::Kind::exit:
            if (!step.text.empty() && print(step.text, port::Stream::err) == Progress::waits) return Progress::waits;
            end_with(step.number, {});
            return Progress::over;
        case Step::Kind::die: end_with(std::nullopt, step.text); return Progress::over;
        case Step::Kind::reboot:
            host_.later([&host = host_, span = step.span] { host.reboot(span); });
            return ++at_, Progress::waits;
    }
    return Progress::next;
}

Process::Progress Process::sleep(Step& step) {
    const Instant now = host_.agenda().now();
    if (!until_) until_ = now + step.span;
    if (now >= *until_) {
        until_.reset();
        return Progress::next;
    }
    wake_at(*until_);
    return Progress::waits;
}

Process::Progress Process::print(const std::string& text, port::Stream to) {
    if (!parent_ && !text.empty()) {
        end_with(std::nullopt, "PIPE");
        return Progress::over;
    }
    if (!text.empty() && !parent_->write(channel_, to, text)) return Progress::waits;
    return Progress::next;
}

Process::Progress Process::stream(Step& step) {
    while (streamed_ < step.number) {
        const auto rate = static_cast<std::uint64_t>(step.span.count());
        const Instant now = host_.agenda().now();
        if (until_ && now < *until_) return wake_at(*until_), Progress::waits;
        const std::size_t size = std::min<std::uint64_t>(
            {chunk, step.number - streamed_, rate ? std::max<std::uint64_t>(rate / 10, 1) : chunk});
        const auto printed = print(stream_bytes(streamed_, size), step.to);
        if (printed != Progress::next) return printed;
        streamed_ += size;
        if (rate) until_ = now + Duration(size * 1'000'000'000 / rate);
    }
    streamed_ = 0;
    until_.reset();
    return Progress::next;
}

Process::Progress Process::cat() {
    if (!input_.empty()) {
        const auto printed = print(input_, port::Stream::out);
        if (printed != Progress::next) return printed;
        if (parent_) parent_->read_input(channel_, input_.size());
        input_.clear();
    }
    return input_ended_ ? Progress::next : Progress::waits;
}

Process::Progress Process::read_script() {
    if (!input_ended_) return Progress::waits;
    const std::string text = std::exchange(input_, {});
    const auto known = host_.answer(*this, text);
    return go_on_with(known ? *known : parse_script(text));
}

Process::Progress Process::go_on_with(const Script& rest) {
    script_.insert(script_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, rest.begin(), rest.end());
    return Progress::next;
}

void Process::input(const std::string& bytes) {
    input_ += bytes;
    const bool reading = at_ < script_.size() && script_[at_].kind == Step::Kind::read_script;
    if (reading && parent_) parent_->read_input(channel_, bytes.size());
    run();
}

void Process::input_end() {
    input_ended_ = true;
    run();
}

void Process::signal(const std::string& name) {
    if (ended_ || (name != "KILL" && ignored_.contains(name))) return;
    end_with(std::nullopt, name);
}

void Process::orphan() {
    parent_ = nullptr;
    input_ended_ = true;
    run();
}

void Process::end_with(std::optional<std::uint64_t> code, const std::string& signal) {
    ended_ = true;
    host_.story().tell(host_.name(), "pid " + std::to_string(pid) +
                                         (code ? " exited with " + std::to_string(*code) : " died of SIG" + signal));
    if (alarm_) host_.agenda().strike(*std::exchange(alarm_, std::nullopt));
    lingering_ = host_.agenda().now() < output_held_until_;
    if (lingering_) wake_at(output_held_until_);
    if (!parent_) return;
    if (code) parent_->exited(channel_, *code);
    else parent_->signalled(channel_, signal);
    if (!lingering_) parent_->output_closed(channel_);
}

}  // namespace vmc::sim
