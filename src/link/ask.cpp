// SPDX-License-Identifier: Apache-2.0
// Probes: a script in, what it printed out.
#include "flow/deadline.hpp"
#include "link/link.hpp"

namespace vmc::link {

namespace {

constexpr std::size_t answer_limit = 256 * 1024;

}  // namespace

/// Over the session that commands would use.
Async<Result<std::string>> Link::ask(std::string script, Instant deadline) {
    auto wire = co_await usable_wire(deadline, nullptr);
    if (!wire) co_return std::unexpected(wire.error());
    co_return co_await ask_on(*(*wire)->session, std::move(script), deadline);
}

Async<Result<model::Facts>> Link::read_facts(Instant deadline) {
    auto wire = co_await usable_wire(deadline, nullptr);
    if (!wire) co_return std::unexpected(wire.error());
    co_return co_await read_facts_on(*(*wire)->session, deadline);
}

Async<Result<model::Facts>> Link::read_facts_on(port::Session& session, Instant deadline) {
    const auto nonce = model::nonce(ports_.random.draw());
    auto printed = co_await ask_on(session, model::facts_script(nonce), deadline);
    if (!printed) co_return std::unexpected(printed.error());
    auto facts = model::parse_facts(*printed, nonce);
    if (facts) facts->identity.host_key = session.facts().host_key;
    co_return facts;
}

Async<Result<std::string>> Link::ask_on(port::Session& session, std::string script, Instant deadline) {
    Error late(Code::timed_out, Stage::command, "a probe on the VM did not answer in time");
    auto asking = ask_unlimited(session, std::move(script), deadline);
    co_return co_await flow::with_deadline(ports_.clock, deadline, std::move(late), std::move(asking));
}

Async<Result<std::string>> Link::ask_unlimited(port::Session& session, std::string script, Instant deadline) {
    auto channel = co_await session.exec(std::string(model::script_command), std::nullopt, deadline, nullptr);
    if (!channel) co_return std::unexpected(channel.error());
    // What is over already (nologin) takes no input; what it has said is the answer all the same.
    auto written = co_await (*channel)->write(std::move(script));
    if (written) (void)co_await (*channel)->send_eof();
    std::string answer;
    for (;;) {
        auto event = co_await (*channel)->next();
        if (!event) co_return std::unexpected(event.error());
        if (const auto* data = std::get_if<port::Data>(&*event)) {
            if (data->stream == port::Stream::out) answer += data->bytes;
            if (answer.size() > answer_limit)
                co_return failed(Code::protocol, Stage::command, "a probe on the VM answered more than 256 KiB");
        } else if (std::holds_alternative<port::ChannelClosed>(*event)) {
            co_return answer;
        }
    }
}

}  // namespace vmc::link
