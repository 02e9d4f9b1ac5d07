// SPDX-License-Identifier: Apache-2.0
#include "sim/session_core.hpp"

#include <algorithm>
#include <utility>

#include "flow/deadline.hpp"

namespace vmc::sim {

namespace {

constexpr std::size_t high_water = 1024 * 1024;     // of one channel: then nothing is read any more
constexpr std::size_t low_water = high_water / 2;
constexpr std::size_t write_buffer = 256 * 1024;

Error we_closed() { return Error(Code::cancelled, Stage::command, "we closed the connection"); }

}  // namespace

SessionCore::SessionCore(port::Clock& clock, boost::asio::any_io_executor executor, std::shared_ptr<TcpConnection> tcp)
    : changed(executor), clock_(clock), executor_(std::move(executor)), tcp_(std::move(tcp)) {
    tcp_->client.attach(this);
}

SessionCore::~SessionCore() { tcp_->client.abort(); }

void SessionCore::wake_all() {
    changed.notify();
    for (const auto& [id, channel] : channels_) channel->changed.notify();
}

void SessionCore::connected() {
    last_received = clock_.now();
    changed.notify();
}

void SessionCore::ended(Ending ending) {
    how_it_ended = ending;
    over_ = leaving_ ? we_closed() : Error(Code::lost, Stage::command, std::string(words(ending)));
    if (ending == Ending::timed_out) over_->given_up_here();
    tcp_->client.abort();  // a FIN is all we wanted to hear
    wake_all();
}

void SessionCore::shut(Error why) {
    if (over_) return;
    over_ = std::move(why);
    tcp_->client.abort();
    wake_all();
}

Async<void> SessionCore::leave(Instant deadline) {
    const auto self = shared_from_this();
    if (over_) co_return;
    leaving_ = true;
    tcp_->client.hold(false);
    say(Message(Say::disconnect));
    tcp_->client.finish();
    while (!over_ && tcp_->client.queued() > 0) {
        auto woken = changed.wait();
        const bool in_time = co_await flow::finishes(clock_, deadline, std::move(woken));
        if (!in_time) break;
    }
    shut(we_closed());
}

void SessionCore::room() { wake_all(); }

Async<std::optional<Message>> SessionCore::hear(Instant deadline) {
    const auto self = shared_from_this();
    while (said_.empty() && !over_) {
        auto woken = changed.wait();
        const bool in_time = co_await flow::finishes(clock_, deadline, std::move(woken));
        if (!in_time) co_return std::nullopt;
    }
    if (said_.empty()) co_return std::nullopt;
    Message message = std::move(said_.front());
    said_.pop_front();
    co_return message;
}

void SessionCore::received(const Message& message) {
    bytes_received += message.size();
    last_received = clock_.now();
    if (message.say == Say::keepalive_reply) return;
    if (logged_in) return channel_message(message);
    said_.push_back(message);
    changed.notify();
}

std::shared_ptr<ChannelCore> SessionCore::open_channel() {
    auto channel = std::make_shared<ChannelCore>(executor_, next_channel_++);
    channels_.emplace(channel->id, channel);
    say(Message(Say::channel_open, channel->id));
    return channel;
}

void SessionCore::channel_message(const Message& message) {
    using Phase = ChannelCore::Phase;
    const auto found = channels_.find(message.channel);
    if (found == channels_.end()) return;
    ChannelCore& channel = *found->second;
    switch (message.say) {
        case Say::channel_confirm:
            channel.remote_window = message.number;
            channel.phase = Phase::confirmed;
            if (channel.abandoned) close(channel);
            break;
        case Say::channel_refuse:
            channel.refusal = message.text;
            channel.phase = Phase::refused;
            channel.changed.notify();
            channels_.erase(found);
            return;
        case Say::request_success: channel.phase = Phase::granted; break;
        case Say::request_failure: channel.phase = Phase::denied; break;
        case Say::window: channel.remote_window += message.number; break;
        case Say::data: return data(channel, port::Stream::out, message.text);
        case Say::extended_data: return data(channel, port::Stream::err, message.text);
        case Say::eof: return event(channel, port::Eof{});
        case Say::exit_status: return event(channel, port::ExitStatus{static_cast<std::uint32_t>(message.number)});
        case Say::exit_signal: return event(channel, port::ExitSignal{message.text, false, {}});
        case Say::close:
            channel.close_received = true;
            event(channel, port::ChannelClosed{});
            close(channel);
            channels_.erase(message.channel);
            return;
        default: return;
    }
    channel.changed.notify();
}

void SessionCore::event(ChannelCore& channel, port::ChannelEvent what) {
    if (channel.abandoned) return;
    channel.events.push_back(std::move(what));
    channel.changed.notify();
}

void SessionCore::data(ChannelCore& channel, port::Stream stream, const std::string& bytes) {
    if (channel.abandoned) return;
    channel.waiting += bytes.size();
    auto* const last = channel.events.empty() ? nullptr : std::get_if<port::Data>(&channel.events.back());
    if (last && last->stream == stream) {
        last->bytes += bytes;
    } else {
        channel.events.push_back(port::Data{stream, bytes});
    }
    channel.changed.notify();
    mind_the_slow();
}

port::ChannelEvent SessionCore::take(ChannelCore& channel) {
    port::ChannelEvent next = std::move(channel.events.front());
    channel.events.pop_front();
    if (const auto* const piece = std::get_if<port::Data>(&next)) {
        channel.waiting -= piece->bytes.size();
        mind_the_slow();
    }
    return next;
}

/// One slow reader stops the reading of the whole session, as in libssh.
void SessionCore::mind_the_slow() {
    std::size_t most = 0;
    for (const auto& [id, channel] : channels_)
        if (!channel->abandoned) most = std::max(most, channel->waiting);
    if (most < high_water && most >= low_water) return;
    const bool stop = most >= high_water;
    if (std::exchange(paused_, stop) != stop) tcp_->client.hold(stop);
}

void SessionCore::close(ChannelCore& channel) {
    if (!std::exchange(channel.close_sent, true)) say(Message(Say::close, channel.id));
}

void SessionCore::abandon(ChannelCore& channel) {
    if (std::exchange(channel.abandoned, true) || over_) return;
    channel.events.clear();
    channel.waiting = 0;
    if (channel.phase != ChannelCore::Phase::asked && channel.phase != ChannelCore::Phase::refused) close(channel);
    mind_the_slow();
}

bool SessionCore::writable(std::size_t bytes, const ChannelCore& channel) const {
    return channel.remote_window >= bytes && tcp_->client.queued() < write_buffer;
}

}  // namespace vmc::sim
