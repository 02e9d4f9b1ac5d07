// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/channel_state.hpp"

#include <algorithm>

#include "base/ensure.hpp"

namespace vmc::edge {

namespace {

/// A reader that takes large pieces gets room for the next one at once, so that a stream costs one
/// copy and not a doubling string.
constexpr std::size_t large_piece = 32 * 1024;
constexpr std::size_t room_for_large = 288 * 1024;  // one turn of the session's pump and a packet
constexpr std::size_t most_peer_words = 1024;       // error.hpp: at most 1 KiB

Stage stage_of(ChannelState::Phase phase) {
    return phase == ChannelState::Phase::opening || phase == ChannelState::Phase::pty ? Stage::channel : Stage::request;
}

}  // namespace

ChannelState::ChannelState(const boost::asio::any_io_executor& loop, Handle& handle, std::string line,
                           std::optional<Pty> pty, bool* sent)
    : changed(loop), writable(loop), handle_(&handle), raw_(::ssh_channel_new(handle.session())),
      line_(std::move(line)), pty_(std::move(pty)), sent_(sent) {
    ensure(raw_ != nullptr, "an authenticated session gives channels");
    callbacks_.userdata = this;
    callbacks_.channel_data_function = on_data;
    callbacks_.channel_eof_function = on_eof;
    callbacks_.channel_close_function = on_close;
    callbacks_.channel_exit_status_function = on_exit_status;
    callbacks_.channel_exit_signal_function = on_exit_signal;
    ssh_callbacks_init(&callbacks_);
    ensure(::ssh_set_channel_callbacks(raw_, &callbacks_) == SSH_OK, "there is memory for callbacks");
}

ChannelState::~ChannelState() { ensure(raw_ == nullptr, "a channel is closed or lost before it is forgotten"); }

void ChannelState::step() {
    if (phase_ == Phase::opening) step_open();
    if (phase_ == Phase::pty) step_pty();
    if (phase_ == Phase::exec) step_exec();
    if (phase_ == Phase::closing) step_close();
}

/// The first call of a phase sends a packet, the later ones only look for the answer. Only one
/// request of a channel may be pending at a time (L23): phases follow each other.
template <class Call>
int ChannelState::ask(Call call) {
    if (asked_) {
        const int rc = call();
        asked_ = rc == SSH_AGAIN;
        return rc;
    }
    const Handing handing(*handle_);
    const int rc = call();
    asked_ = rc == SSH_AGAIN;
    return rc;
}

void ChannelState::step_open() {
    // No callback tells that the open was confirmed (L27); asking again is free once it is.
    const int rc = ask([this] { return ::ssh_channel_open_session(raw_); });
    if (rc == SSH_AGAIN) return;
    if (rc != SSH_OK) return refused(Stage::channel);
    if (abandoned_) phase_ = Phase::closing;
    else phase_ = pty_ ? Phase::pty : Phase::exec;
}

void ChannelState::step_pty() {
    const int rc =
        ask([this] { return ::ssh_channel_request_pty_size(raw_, pty_->term.c_str(), pty_->columns, pty_->rows); });
    if (rc == SSH_AGAIN && !closed_by_peer_) return;
    if (rc != SSH_OK) return refused(Stage::channel);
    phase_ = Phase::exec;
}

void ChannelState::step_exec() {
    if (sent_) *sent_ = true;  // from here on the request may leave, whatever this call returns
    sent_ = nullptr;
    const int rc = ask([this] { return ::ssh_channel_request_exec(raw_, line_.c_str()); });
    if (rc == SSH_AGAIN && !closed_by_peer_) return;
    if (rc != SSH_OK) return refused(Stage::request);
    phase_ = Phase::granted;
    line_ = std::string();
    has_news = true;
}

void ChannelState::step_close() {
    const Handing handing(*handle_);
    const int rc = ::ssh_channel_close(raw_);
    if (rc == SSH_AGAIN) return;
    free();
}

void ChannelState::refused(Stage stage) {
    // SSH_ERROR may mean the whole connection or this channel only (L28). Of the first the session
    // takes care: it looks at itself after every call.
    const bool denied = ::ssh_get_error_code(handle_->session()) == SSH_REQUEST_DENIED;
    if (!::ssh_is_connected(handle_->session()) || (!denied && !closed_by_peer_)) return;
    std::string words(words_of(handle_->session()));
    words.resize(std::min(words.size(), most_peer_words));
    const char* what = stage == Stage::request ? "the server refused to run the command"
                       : phase_ == Phase::pty  ? "the server refused a terminal"
                                               : "the server refused a session channel";
    failure_.emplace(Code::channel_refused, stage, what);
    failure_->said(std::move(words));
    const bool confirmed = phase_ != Phase::opening;
    phase_ = Phase::closing;
    if (!confirmed) free();
    has_news = true;
}

void ChannelState::free() {
    // Callbacks first: libssh may still call them for a channel that was freed here and not yet
    // closed there (L26).
    ::ssh_remove_channel_callbacks(raw_, &callbacks_);
    ::ssh_channel_free(raw_);
    raw_ = nullptr;
    phase_ = Phase::gone;
}

void ChannelState::abandon() {
    abandoned_ = true;
    sent_ = nullptr;
    events_.clear();
    waiting_ = 0;
    if (phase_ == Phase::pty || phase_ == Phase::exec || phase_ == Phase::granted) phase_ = Phase::closing;
}

void ChannelState::lose(const Error& why) {
    if (!failure_)
        failure_.emplace(why.code(), phase_ == Phase::granted ? Stage::command : stage_of(phase_), why.message());
    if (failure_->peer_words().empty()) failure_->said(why.peer_words());
    // Not ssh_channel_free: it would try to send a CLOSE. ssh_free takes the channel along.
    if (raw_) ::ssh_remove_channel_callbacks(raw_, &callbacks_);
    raw_ = nullptr;
    handle_ = nullptr;
    phase_ = Phase::gone;
    sent_ = nullptr;
    has_news = true;
}

std::optional<port::ChannelEvent> ChannelState::take() {
    if (events_.empty()) return std::nullopt;
    std::optional<port::ChannelEvent> first(std::move(events_.front()));
    events_.pop_front();
    if (const auto* data = std::get_if<port::Data>(&*first)) {
        waiting_ -= data->bytes.size();
        last_piece_ = data->bytes.size();
    }
    return first;
}

void ChannelState::append(port::Stream stream, const char* bytes, std::size_t length) {
    if (abandoned_) return;
    auto* last = events_.empty() ? nullptr : std::get_if<port::Data>(&events_.back());
    if (!last || last->stream != stream) {
        port::Data data;
        data.stream = stream;
        if (last_piece_ >= large_piece) data.bytes.reserve(room_for_large);
        events_.emplace_back(std::move(data));
        last = std::get_if<port::Data>(&events_.back());
    }
    last->bytes.append(bytes, length);
    waiting_ += length;
    has_news = true;
}

void ChannelState::push(port::ChannelEvent event) {
    if (!abandoned_) events_.push_back(std::move(event));
    has_news = true;
}

int ChannelState::on_data(ssh_session, ssh_channel, void* data, std::uint32_t length, int is_stderr, void* self) {
    static_cast<ChannelState*>(self)->append(is_stderr ? port::Stream::err : port::Stream::out,
                                             static_cast<const char*>(data), length);
    return static_cast<int>(length);  // always all of it (L22)
}

void ChannelState::on_eof(ssh_session, ssh_channel, void* self) { static_cast<ChannelState*>(self)->push(port::Eof()); }

void ChannelState::on_close(ssh_session, ssh_channel, void* self) {
    auto& me = *static_cast<ChannelState*>(self);
    me.closed_by_peer_ = true;
    me.push(port::ChannelClosed());
}

void ChannelState::on_exit_status(ssh_session, ssh_channel, int status, void* self) {
    port::ExitStatus exit;
    exit.code = static_cast<std::uint32_t>(status);
    static_cast<ChannelState*>(self)->push(exit);
}

void ChannelState::on_exit_signal(ssh_session, ssh_channel, const char* name, int core, const char* message,
                                  const char*, void* self) {
    port::ExitSignal exit;
    exit.name = name ? name : "";
    exit.core_dumped = core != 0;
    exit.message = message ? message : "";
    static_cast<ChannelState*>(self)->push(std::move(exit));
}

}  // namespace vmc::edge
