// SPDX-License-Identifier: Apache-2.0
#include <vm_connection/outcome.hpp>

#include "base/span.hpp"

namespace vmc {
namespace {

std::string line_of(const Exited& e) {
    return "exited " + std::to_string(e.code) + (e.output_open ? ", a child still holds its output open" : "");
}
std::string line_of(const Signalled& e) { return "ended by SIG" + e.name + (e.core_dumped ? " (core dumped)" : ""); }
std::string line_of(const TimedOut& e) {
    return "timed out after " + spoken(e.limit) + "; killed: " + std::string(slug(e.killed));
}
std::string line_of(const Lost& e) {
    return "lost; may have run: " + std::string(slug(e.may_have_run)) + "; " + e.why.line();
}
std::string line_of(const Refused& e) { return "refused; " + e.why.line(); }

}  // namespace

bool Outcome::ok() const noexcept { return exit_code() == 0; }

std::string_view Outcome::slug() const noexcept {
    constexpr std::string_view names[] = {"exited", "signalled", "timed_out", "lost", "refused"};
    return names[ending_.index()];
}

Known Outcome::may_have_run() const noexcept {
    if (const auto* lost = as<Lost>()) return lost->may_have_run;
    return as<Refused>() ? Known::no : Known::yes;
}

std::optional<int> Outcome::exit_code() const noexcept {
    const auto* exited = as<Exited>();
    return exited ? std::optional(exited->code) : std::nullopt;
}

std::optional<std::string> Outcome::signal() const {
    const auto* signalled = as<Signalled>();
    return signalled ? std::optional(signalled->name) : std::nullopt;
}

const Error* Outcome::why() const noexcept {
    if (const auto* lost = as<Lost>()) return &lost->why;
    if (const auto* refused = as<Refused>()) return &refused->why;
    return nullptr;
}

std::string Outcome::line() const {
    return std::visit([](const auto& ending) { return line_of(ending); }, ending_);
}

}  // namespace vmc
