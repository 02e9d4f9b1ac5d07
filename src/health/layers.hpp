// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <vm_connection/health.hpp>

#include "health/pulse.hpp"
#include "link/link.hpp"
#include "model/acquaintance.hpp"
#include "model/symptoms_of.hpp"
#include "port/prober.hpp"

namespace vmc::health {

/// The layers of one host, lowest first: how each is asked, and what its answer is noted as. Whoever examines decides
/// which, in what order and how often. The link, the prober and the ports outlive it.
class Layers {
public:
    [[nodiscard]] const std::vector<Evidence>& evidence() const { return evidence_; }
    [[nodiscard]] const model::Circumstances& around() const { return around_; }
    /// The slowest answer.
    [[nodiscard]] Duration longest() const { return longest_; }

protected:
    /// `lag`: see Examination.
    Layers(link::Ports ports, port::Prober& prober, link::Link& link, Duration lag);

    /// So long and some round trips of the session there is: on a way that takes seconds nobody is silent after two.
    /// And as long as we ourselves are late.
    [[nodiscard]] Duration patience(Duration base) const;
    void note(Layer layer, std::string check, Answer answer, std::string detail, Duration took);
    [[nodiscard]] const Evidence* find(Layer layer) const;
    void forget(std::initializer_list<Layer> layers);

    Async<void> ask_route();
    Async<void> ask_network();
    Async<void> ask_ping();
    Async<void> ask_port();
    void take_port(const port::PortReading& knock);
    Async<void> ask_ssh();
    void take_login(const port::SessionFacts& facts, Duration took);
    void take_failure(const Error& error);
    void take_failure_at_tcp(const Error& error);
    void take_facts(const Result<model::Facts>& facts, Duration took);

    link::Ports ports_;
    port::Prober& prober_;
    link::Link& link_;
    const Instant begun_;
    const Duration lag_before_;
    Pulse pulse_;
    std::string address_;
    bool exec_works_ = false;
    Duration longest_{};
    std::vector<Evidence> evidence_;
    model::Circumstances around_;
    model::Acquaintance known_;  // from before
    model::Acquaintance learnt_;  // what it becomes
    std::shared_ptr<link::Wire> old_;  // the session that was there when we began
    std::optional<BootRecord> boot_;  // as it was read just now
    std::optional<Duration> facts_took_;
};

}  // namespace vmc::health
