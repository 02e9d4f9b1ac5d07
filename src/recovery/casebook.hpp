// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <vm_connection/recovery.hpp>
#include <vm_connection/target.hpp>

#include "link/ports.hpp"
#include "model/condition.hpp"
#include "model/fleet_record.hpp"
#include "model/incident.hpp"

namespace vmc::recovery {

/// What is written of one VM's incident: the record that all our processes share, the log that is only added to, the
/// files beside it. A step that cannot be written down is not taken.
class Casebook {
public:
    Casebook(link::Ports ports, const Target& target, RecoveryFn tell);

    /// As it stands; looks at the power log, too.
    [[nodiscard]] Result<void> read();
    /// One look at it, which opens an incident where there is none.
    [[nodiscard]] Result<void> looked(const Diagnosis& diagnosis, const model::Condition& condition);
    /// Something of it answered between two looks.
    void heard();
    /// Into `condition`: since when it is silent.
    void tell_silence(model::Condition& condition) const;
    [[nodiscard]] model::Deeds deeds() const;
    /// The fleet as it is now, with this VM among the failed.
    [[nodiscard]] Result<model::Fleet> fleet(std::size_t size_told);

    /// A step that is about to be taken.
    struct Step {
        std::string action;
        Duration within{};        ///< after that it is over, whoever took it
        Duration takes_effect{};  ///< and after that also what it does to the VM
        std::size_t fleet_size = 0;
    };
    using Decide = std::function<model::Decision(const model::Deeds&, const model::Fleet&)>;
    /// Ours from now on, unless another process was faster: then false. Within the locks of the fleet and of the VM
    /// `decide` is asked once more, with what has been done by then, whoever did it.
    [[nodiscard]] Result<bool> begin(const model::Decision& decision, Step step, const Decide& decide);
    void end(bool worked, std::string result);
    /// What it did to the VM is over, too: others of the fleet may be restarted.
    void settled();
    [[nodiscard]] Result<void> give_up(const std::string& reason);
    [[nodiscard]] Result<void> close(const std::string& reason);

    [[nodiscard]] const model::Incident& incident() const { return incident_; }
    /// Its id, also when it was closed just now; empty: there was none.
    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] std::vector<RecoveryStep> steps() const;
    /// A file of the incident: "kernel-log-before", …
    void keep(std::string_view file, std::string_view content);
    [[nodiscard]] std::optional<std::string> kept(std::string_view file) const;
    /// Into the log, and to who wants to hear it.
    void log(std::string_view event, const std::string& text);
    /// Dry: nothing is written from now on.
    void dry() { dry_ = true; }

private:
    [[nodiscard]] Result<void> change(const std::function<void(model::Incident&)>& what);
    [[nodiscard]] Result<model::Fleet> see_fleet(std::size_t size_told, WallTime until,
                                                 const std::function<bool(const model::Fleet&)>& acts);
    [[nodiscard]] Result<void> read_power();

    link::Ports ports_;
    const Target& target_;
    RecoveryFn tell_;
    const std::string record_;
    model::Incident incident_;
    model::PowerLog power_;
    model::FleetRecord::Entry mine_;
    std::string id_;
    std::string mark_;
    std::string said_last_;
    std::vector<model::Incident::Step> steps_;  // as they were when it was closed
    bool dry_ = false;
};

}  // namespace vmc::recovery
