// SPDX-License-Identifier: Apache-2.0
// How a recovery looks as dicts, and its policy read from an object.
#include "values.hpp"

namespace vmc::python {

using namespace py::literals;

RecoveryPolicy policy_of(const py::handle& given) {
    auto policy = bytes_of(given.attr("profile")) == "lab" ? RecoveryPolicy::lab() : RecoveryPolicy();
    const auto set = [&](const char* name, RecoveryPolicy& (RecoveryPolicy::*setter)(Duration)) {
        const py::object value = given.attr(name);
        if (!value.is_none()) (policy.*setter)(span(value.cast<double>()));
    };
    set("silence", &RecoveryPolicy::silence);
    set("between", &RecoveryPolicy::between);
    set("takes_effect", &RecoveryPolicy::takes_effect);
    set("within", &RecoveryPolicy::within);
    const py::object a_day = given.attr("a_day"), fleet = given.attr("fleet_size"), share = given.attr("fleet_share");
    if (!a_day.is_none()) policy.a_day(a_day.cast<std::size_t>());
    if (!fleet.is_none()) policy.fleet_size(fleet.cast<std::size_t>());
    if (!share.is_none()) policy.fleet_share(share.cast<double>());
    policy.up_to(parse_rung(bytes_of(given.attr("up_to"))).value_or(Rung::power_cycle));
    return policy.dry_run(given.attr("dry_run").cast<bool>());
}

py::dict render(const Recovery& done) {
    py::list steps, outlook;
    for (const auto& step : done.steps)
        steps.append(py::dict("rung"_a = text(slug(step.rung)), "at"_a = since_1970(step.at),
                              "reason"_a = text(step.reason), "action"_a = text(step.action), "worked"_a = step.worked,
                              "result"_a = text(step.result)));
    for (const auto& rung : done.outlook)
        outlook.append(py::dict("rung"_a = text(slug(rung.rung)), "may"_a = rung.may, "later"_a = rung.later,
                                "why"_a = text(rung.why), "action"_a = text(rung.action)));
    return py::dict("recovered"_a = done.recovered, "reason"_a = text(done.reason),
                    "incident"_a = text_or_none(done.incident), "steps"_a = steps, "outlook"_a = outlook,
                    "found"_a = render(done.found), "boot"_a = done.boot ? py::object(render(*done.boot)) : py::none(),
                    "down"_a = done.down ? py::object(py::float_(seconds(*done.down))) : py::none(),
                    "took"_a = seconds(done.took));
}

py::dict render(const Reboot& done) {
    return py::dict("story"_a = render(done.story), "silent"_a = seconds(done.silent), "took"_a = seconds(done.took));
}

}  // namespace vmc::python
