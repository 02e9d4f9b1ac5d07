// SPDX-License-Identifier: Apache-2.0
// What was seen of a VM, as few words: one value for each independent channel. The thing that is
// counted in the simulator and looked up in the table of likelihoods.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "model/setting.hpp"
#include "model/symptom_values.hpp"

namespace vmc::model {

class Symptoms {
public:
    explicit Symptoms(Setting where = Setting::direct) : setting(where) {}

    void set(Login value) { values_[0] = static_cast<std::uint8_t>(value); }
    void set(OldSession value) { values_[1] = static_cast<std::uint8_t>(value); }
    void set(Echo value) { values_[2] = static_cast<std::uint8_t>(value); }
    void set(ClosedPort value) { values_[3] = static_cast<std::uint8_t>(value); }
    void set(System value) { values_[4] = static_cast<std::uint8_t>(value); }
    void set(Ourselves value) { values_[5] = static_cast<std::uint8_t>(value); }
    void set(Identified value) { values_[6] = static_cast<std::uint8_t>(value); }
    void set(Pace value) { values_[7] = static_cast<std::uint8_t>(value); }
    void set(Listener value) { values_[8] = static_cast<std::uint8_t>(value); }
    void set(Canary value) { values_[9] = static_cast<std::uint8_t>(value); }
    void set(Company value) { values_[10] = static_cast<std::uint8_t>(value); }
    void set(Feature feature, std::uint8_t value) { values_[static_cast<std::size_t>(feature)] = value; }

    [[nodiscard]] std::uint8_t at(Feature feature) const { return values_[static_cast<std::size_t>(feature)]; }
    [[nodiscard]] bool knows(Feature feature) const { return at(feature) != 0; }
    [[nodiscard]] Login login() const { return static_cast<Login>(values_[0]); }
    [[nodiscard]] OldSession old_session() const { return static_cast<OldSession>(values_[1]); }
    [[nodiscard]] System system() const { return static_cast<System>(values_[4]); }
    [[nodiscard]] Ourselves ourselves() const { return static_cast<Ourselves>(values_[5]); }
    bool operator==(const Symptoms&) const = default;

    Setting setting;

private:
    std::array<std::uint8_t, features> values_{};
};

[[nodiscard]] constexpr std::array<Feature, features> all_features() noexcept {
    return {Feature::login,    Feature::old_session, Feature::echo,     Feature::closed_port,
            Feature::system,   Feature::ourselves,   Feature::identity, Feature::pace,
            Feature::listener, Feature::canary,      Feature::company};
}
[[nodiscard]] std::string_view slug(Feature feature) noexcept;
/// Stable names of its values, by number; the first is "unknown".
[[nodiscard]] const std::vector<std::string_view>& values_of(Feature feature);
[[nodiscard]] std::optional<std::uint8_t> parse_value(Feature feature, std::string_view text);
/// The sentence of a symptom, for people: "its SSH port refuses us (RST)".
[[nodiscard]] std::string_view words(Feature feature, std::uint8_t value);
/// What an answer to the question behind a feature would need, for people; empty where they can do nothing for it.
[[nodiscard]] std::string_view question(Feature feature) noexcept;

}  // namespace vmc::model
