// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vm_connection/boot_story.hpp>

#include "flow/event.hpp"
#include "health/layers.hpp"

namespace vmc::health {

/// Gathers the answers of one look at a VM, each layer asked once, and what stands around them. One use each.
/// The link, the prober and the ports outlive it.
class Examination : Layers {
public:
    enum class Depth {
        check,     ///< the layers of the level, over the session there is
        diagnosis, ///< all of them by a fresh login, and beside them the old session, a closed port and ourselves
    };
    /// `lag`: so late our own timers were of late. Answers are waited for so much longer.
    Examination(link::Ports ports, port::Prober& prober, link::Link& link, Level level, Depth depth, Duration lag = {});

    /// Never later than 30 s (basic 5 s) and six times the lag.
    Async<void> run();

    /// How late our own timers were meanwhile.
    [[nodiscard]] Duration lag() const { return pulse_.lag(); }
    /// Something did not answer in time, and we ourselves stood still for a while: that may have been all.
    [[nodiscard]] bool is_doubtful() const { return around_.ssh_error && pulse_.stood_still(); }

    using Layers::around;
    using Layers::evidence;
    using Layers::longest;
    /// Since the last reading of this host; nothing where there was none, or is none now.
    [[nodiscard]] const std::optional<BootStory>& story() const { return story_; }
    /// Our wall clock at the last sign of life from the VM, by what we and our other processes have seen.
    [[nodiscard]] std::optional<WallTime> last_seen() const;

private:
    Async<void> look();

    // login.cpp: a session of our own, and what is asked over it
    Async<void> ask_anew();
    Async<void> ask_anew_once();
    void forget_login();
    Async<Result<port::Session*>> log_in(std::unique_ptr<port::Session>& own);
    Async<void> until_stalled();
    [[nodiscard]] bool all_is_silent() const;
    [[nodiscard]] bool loses_some() const;
    [[nodiscard]] Error stalled() const;
    Async<void> ask_both_over(port::Session& session);
    Async<void> until_silent(port::Session& session);
    void take_silence(const port::Session& session, Duration took);
    Async<void> ask_facts_over(port::Session& session);
    Async<void> ask_story_over(port::Session& session);
    Async<void> ask_system_over(port::Session& session, Duration within);
    Async<void> ask_system();
    void take_system(const Result<std::string>& printed, const std::string& nonce, WallTime sent);
    void take_pace(const port::Session& session);

    // beside.cpp: what stands beside the layers
    Async<void> ask_beside();
    Async<void> until_well();
    Async<void> ask_anew_and_tell();
    Async<void> ask_old_session(Duration within);
    [[nodiscard]] bool is_way_dead() const;
    Async<void> ask_over_old_session();
    Async<void> ask_listener_over(port::Session& session);
    Async<void> ask_closed_port();
    Async<void> ask_ourselves();
    Async<void> ask_elsewhere();
    void recall();

    // once_more.cpp: what changed under our eyes
    [[nodiscard]] bool is_silent() const;
    [[nodiscard]] bool is_behind_tcp() const;
    Async<void> ask_what_answered();
    Async<void> ask_ping_again();
    Async<void> ask_closed_port_again();
    Async<void> ask_elsewhere_again();
    Async<void> ask_old_session_again();
    [[nodiscard]] bool is_tcp_dead() const;

    void judge_setting();
    void judge_ended_session();
    void remember();

    const Level level_;
    const Depth depth_;
    bool report_lost_ = false;  // with its session
    bool login_over_ = false;
    flow::Event told_;  // login_over_
    bool on_link_ = false;
    Duration stood_{};  // so long the login has not moved
    std::shared_ptr<link::Wire> fresh_;  // the session that the link made for us
    std::optional<BootStory> story_;  // since its boot was read before
};

}  // namespace vmc::health
