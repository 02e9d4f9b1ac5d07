// SPDX-License-Identifier: Apache-2.0
// What an Engine does with jobs. Every answer is a dict, with "failure" in it when there is none.
#include "engine.hpp"

namespace vmc::python {

namespace {

py::dict failure_of(const Error& error) {
    py::dict made;
    made["failure"] = render(error);
    return made;
}

py::dict nothing(const Result<void>& done) { return done ? py::dict() : failure_of(done.error()); }

py::dict one_status(const Result<JobStatus>& status) { return status ? render(*status) : failure_of(status.error()); }

}  // namespace

std::unique_ptr<Call> Engine::submit(Box box, std::uint64_t ticket, const py::handle& order) {
    const auto within = span(order.attr("within").cast<double>());
    return std::make_unique<Call>(vm().submit(request_of(order), within), slot_of(std::move(box), ticket),
                                  [](const Result<Job>& job) {
                                      if (!job) return failure_of(job.error());
                                      py::dict made;
                                      made["id"] = text(job->id());
                                      return made;
                                  });
}

std::unique_ptr<Call> Engine::jobs(Box box, std::uint64_t ticket, const std::string& directory) {
    return std::make_unique<Call>(vm().jobs(directory), slot_of(std::move(box), ticket),
                                  [](const Result<std::vector<JobStatus>>& found) {
                                      if (!found) return failure_of(found.error());
                                      py::list all;
                                      for (const auto& status : *found) all.append(render(status));
                                      py::dict made;
                                      made["jobs"] = all;
                                      return made;
                                  });
}

std::unique_ptr<Call> Engine::prune_jobs(Box box, std::uint64_t ticket, double older, std::uint64_t keep,
                                         const std::string& directory) {
    return std::make_unique<Call>(vm().prune_jobs(span(older), keep, directory), slot_of(std::move(box), ticket),
                                  [](const Result<std::vector<std::string>>& pruned) {
                                      if (!pruned) return failure_of(pruned.error());
                                      py::list ids;
                                      for (const auto& id : *pruned) ids.append(text(id));
                                      py::dict made;
                                      made["ids"] = ids;
                                      return made;
                                  });
}

std::unique_ptr<FollowCall> Engine::follow_job(Box box, std::uint64_t ticket, const std::string& job,
                                               const std::string& directory, const py::handle& spec,
                                               bool wants_output) {
    return std::make_unique<FollowCall>(vm().job(job, directory), follow_options_of(spec),
                                        slot_of(std::move(box), ticket), wants_output);
}

std::unique_ptr<Call> Engine::job_status(Box box, std::uint64_t ticket, const std::string& job,
                                         const std::string& directory) {
    return std::make_unique<Call>(vm().job(job, directory).status(), slot_of(std::move(box), ticket), one_status);
}

std::unique_ptr<Call> Engine::cancel_job(Box box, std::uint64_t ticket, const std::string& job,
                                         const std::string& directory, double grace) {
    return std::make_unique<Call>(vm().job(job, directory).cancel(span(grace)), slot_of(std::move(box), ticket),
                                  one_status);
}

std::unique_ptr<Call> Engine::remove_job(Box box, std::uint64_t ticket, const std::string& job,
                                         const std::string& directory) {
    return std::make_unique<Call>(vm().job(job, directory).remove(), slot_of(std::move(box), ticket), nothing);
}

std::unique_ptr<Call> Engine::clean_up_job(Box box, std::uint64_t ticket, const std::string& job,
                                           const std::string& directory) {
    return std::make_unique<Call>(vm().job(job, directory).clean_up(), slot_of(std::move(box), ticket), nothing);
}

}  // namespace vmc::python
