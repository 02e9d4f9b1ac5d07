// SPDX-License-Identifier: Apache-2.0
// Which VMs are ill at this moment, as all our processes see it: what befalls many at once is rarely theirs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <vm_connection/target.hpp>
#include <vm_connection/time.hpp>

#include "model/ladder.hpp"

namespace vmc::model {

/// One line for each VM that somebody looks after. A record of the store.
class FleetRecord {
public:
    struct Entry {
        std::string vm;        ///< 16 hex digits
        WallTime looked{};
        WallTime failed{};     ///< when it failed; zero: it is well
        WallTime acting{};     ///< until then at the latest it is being restarted; zero: who says this does not know
    };
    /// Who was not looked at for so long is nobody's.
    static constexpr Duration remembered = std::chrono::minutes(10);
    /// Failures this near to each other are one.
    static constexpr Duration together = std::chrono::minutes(1);
    static constexpr std::size_t most = 20'000;

    /// Lines that are not ours are left out.
    [[nodiscard]] static FleetRecord parse(std::string_view record);
    [[nodiscard]] std::string serialise() const;

    /// In the place of what was said of it before, but for what it does not know; those that nobody looks after are
    /// forgotten.
    void put(Entry entry, WallTime now);
    [[nodiscard]] Fleet seen_by(const Entry& mine, WallTime now, std::size_t size_told) const;

private:
    std::vector<Entry> entries_;  // by vm
};

inline constexpr std::string_view fleet_record_name = "recovery/fleet";
[[nodiscard]] std::string fleet_name_of(const Target& target);

}  // namespace vmc::model
