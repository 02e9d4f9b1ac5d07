// SPDX-License-Identifier: Apache-2.0
#include "app/cli/recovery_config.hpp"

#include <optional>
#include <string_view>

#include "app/cli/table_reader.hpp"
#include "model/incident.hpp"

namespace vmc::cli {

namespace {

class RecoveryReader : TableReader {
public:
    RecoveryReader(const std::string& path, const toml::table& table) : TableReader(path, table, "recovery") {}

    Expected<RecoveryPolicy> read(RecoveryPolicy policy) const {
        // Whose numbers the others are measured by: first, wherever it stands.
        if (const auto* const node = table().get("profile"); node != nullptr) {
            const auto name = node->value_exact<std::string>();
            if (name == "lab") policy = RecoveryPolicy::lab();
            else if (name == "careful") policy = RecoveryPolicy();
            else return bad("profile", "must be \"careful\" or \"lab\"");
        }
        for (const auto& [name, node] : table()) {
            const std::string key(name.str());
            if (auto taken = take(key, node, policy); !taken) return std::unexpected(std::move(taken.error()));
        }
        return policy;
    }

private:
    Expected<void> take(const std::string& key, const toml::node& node, RecoveryPolicy& policy) const {
        if (key == "profile") return {};
        if (key == "up_to") return take_rung(node, policy);
        if (key == "silence" || key == "between" || key == "takes_effect" || key == "within")
            return take_span(key, policy);
        if (key == "a_day" || key == "fleet_size") return take_count(key, node, policy);
        if (key == "fleet_share") return take_share(node, policy);
        return bad(key, "is no setting of a recovery");
    }

    Expected<void> take_rung(const toml::node& node, RecoveryPolicy& policy) const {
        const auto text = node.value_exact<std::string>();
        const auto rung = text ? parse_rung(*text) : std::nullopt;
        if (!rung) return bad("up_to", "must be look-again, repair, reboot, sysrq, nmi or power-cycle");
        policy.up_to(*rung);
        return {};
    }

    Expected<void> take_span(const std::string& key, RecoveryPolicy& policy) const {
        const auto set = span(key);
        if (!set) return std::unexpected(set.error());
        if (key == "silence") policy.silence(*set);
        else if (key == "between") policy.between(*set);
        else if (key == "within") policy.within(*set);
        else policy.takes_effect(*set);
        return {};
    }

    Expected<void> take_count(const std::string& key, const toml::node& node, RecoveryPolicy& policy) const {
        const auto number = node.value_exact<std::int64_t>();
        const std::int64_t most = key == "a_day" ? model::PowerLog::kept : 1'000'000;
        if (!number || *number < 0 || *number > most)
            return bad(key, "must be a whole number up to " + std::to_string(most));
        if (key == "a_day") policy.a_day(static_cast<std::size_t>(*number));
        else policy.fleet_size(static_cast<std::size_t>(*number));
        return {};
    }

    Expected<void> take_share(const toml::node& node, RecoveryPolicy& policy) const {
        const auto share = node.value_exact<double>();
        if (!share || !(*share >= 0) || *share > 1) return bad("fleet_share", "must be between 0.0 and 1.0");
        policy.fleet_share(*share);
        return {};
    }
};

}  // namespace

Expected<RecoveryPolicy> read_recovery_policy(const std::string& path, const toml::table& table,
                                              RecoveryPolicy before) {
    return RecoveryReader(path, table).read(before);
}

}  // namespace vmc::cli
