// SPDX-License-Identifier: Apache-2.0
// Values of the library as dicts, whose keys are the fields of vm_connection/values.py, and back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <pybind11/pybind11.h>
#include <vm_connection/vm.hpp>

namespace vmc::python {

namespace py = pybind11;

/// Foreign bytes as text: UTF-8, anything else replaced.
[[nodiscard]] py::str text(std::string_view bytes);
/// A str as bytes: UTF-8, and os.fsdecode()'s stand-ins as the bytes they stand for.
[[nodiscard]] std::string bytes_of(const py::handle& value);
[[nodiscard]] Duration span(double seconds);
[[nodiscard]] WallTime wall_time(double seconds);
[[nodiscard]] double seconds(Duration span);
[[nodiscard]] double since_1970(WallTime at);
[[nodiscard]] py::object text_or_none(const std::string& bytes);

[[nodiscard]] py::dict render(const Error& error);
[[nodiscard]] py::dict render(const Outcome& outcome);
[[nodiscard]] py::dict render(const Health& health);
[[nodiscard]] py::dict render(const Diagnosis& diagnosis);
[[nodiscard]] py::dict render(const BootRecord& record);
[[nodiscard]] py::dict render(const BootStory& story);
[[nodiscard]] py::dict render(const Notice& notice);
[[nodiscard]] py::dict render(const PowerReading& reading);
[[nodiscard]] py::dict render(const ConsoleLines& lines);

[[nodiscard]] py::dict render(const Recovery& done);
[[nodiscard]] py::dict render(const Reboot& done);
[[nodiscard]] RecoveryPolicy policy_of(const py::handle& given);

[[nodiscard]] Target target_of(const py::handle& target);
[[nodiscard]] Command command_of(const py::handle& spec);
/// Nothing without a proper boot id.
[[nodiscard]] std::optional<BootRecord> record_of(const py::dict& given);
[[nodiscard]] std::string boot_change(const py::dict& before, const py::dict& after);

}  // namespace vmc::python
