// SPDX-License-Identifier: Apache-2.0
// vm_connection._core: the library, as vm_connection/_engine.py describes an engine. Nothing in it blocks.
#include <pybind11/stl.h>

#include "engine.hpp"

namespace py = pybind11;
using namespace vmc::python;

namespace {

void bind_calls(py::module_& module) {
    py::class_<Call>(module, "Call")
        .def("ready", &Call::ready)
        .def("news", &Call::news)
        .def("result", &Call::result)
        .def("cancel", &Call::cancel);

    py::class_<RunCall>(module, "Run")
        .def("ready", &RunCall::ready)
        .def("news", &RunCall::news)
        .def("take_output", &RunCall::take_output)
        .def("result", &RunCall::result)
        .def("cancel", &RunCall::cancel);

    py::class_<FollowCall>(module, "Follow")
        .def("ready", &FollowCall::ready)
        .def("news", &FollowCall::news)
        .def("take_output", &FollowCall::take_output)
        .def("result", &FollowCall::result)
        .def("cancel", &FollowCall::cancel);

    py::class_<Listening, std::shared_ptr<Listening>>(module, "Listening")
        .def("news", &Listening::news)
        .def("take", &Listening::take)
        .def("ended", &Listening::ended);
}

}  // namespace

PYBIND11_MODULE(_core, module) {
    module.doc() = "The library behind vm_connection. Private: use vm_connection.";

    py::register_exception_translator([](std::exception_ptr thrown) {
        try {
            std::rethrow_exception(thrown);
        } catch (const vmc::TaskCancelled&) {
            const auto kind = py::module_::import("vm_connection.errors").attr("VMConnectionError");
            PyErr_SetString(kind.ptr(), "The connection was closed");
        }
    });

    py::class_<Mailbox, std::shared_ptr<Mailbox>>(module, "Mailbox")
        .def(py::init<>())
        .def("fileno", &Mailbox::fileno)
        .def("post", &Mailbox::post, py::arg("ticket"))
        .def("drain", &Mailbox::drain);

    bind_calls(module);

    const auto box = py::arg("box");
    const auto ticket = py::arg("ticket");
    const auto job = py::arg("job");
    const auto directory = py::arg("directory");
    py::class_<Engine>(module, "Vm")
        .def(py::init<py::object>(), py::arg("target"))
        .def("connect", &Engine::connect, box, ticket)
        .def("reconnect", &Engine::reconnect, box, ticket, py::arg("retries"), py::arg("delay"))
        .def("run", &Engine::run, box, ticket, py::arg("spec"), py::arg("wants_output"))
        .def("diagnose", &Engine::diagnose, box, ticket)
        .def("health", &Engine::health, box, ticket, py::arg("level"))
        .def("power", &Engine::power, box, ticket, py::arg("action"))
        .def("console", &Engine::console, box, ticket, py::arg("lines"), py::arg("listen"))
        .def("recover", &Engine::recover, box, ticket, py::arg("policy"))
        .def("reboot", &Engine::reboot, box, ticket, py::arg("within"))
        .def("boot", &Engine::boot, box, ticket)
        .def("boot_since", &Engine::boot_since, box, ticket, py::arg("before"), py::arg("last_heartbeat"))
        .def("submit", &Engine::submit, box, ticket, py::arg("order"))
        .def("jobs", &Engine::jobs, box, ticket, directory)
        .def("prune_jobs", &Engine::prune_jobs, box, ticket, py::arg("older"), py::arg("keep"), directory)
        .def("follow_job", &Engine::follow_job, box, ticket, job, directory, py::arg("spec"), py::arg("wants_output"))
        .def("job_status", &Engine::job_status, box, ticket, job, directory)
        .def("cancel_job", &Engine::cancel_job, box, ticket, job, directory, py::arg("grace"))
        .def("remove_job", &Engine::remove_job, box, ticket, job, directory)
        .def("clean_up_job", &Engine::clean_up_job, box, ticket, job, directory)
        .def("close", &Engine::close, box, ticket)
        .def("listen", &Engine::listen, box, ticket)
        .def("question", &Engine::question)
        .def("answer", &Engine::answer, py::arg("passphrase"))
        .def("state", &Engine::state);

    module.def("boot_change", &boot_change, py::arg("before"), py::arg("after"));
    module.def("leave", &leave);
}
