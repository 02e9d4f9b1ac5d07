// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "api/job_impl.hpp"

namespace vmc {

namespace {

constexpr Duration answer_within = std::chrono::minutes(1);

Async<Result<Job>> submitted(std::shared_ptr<Vm::Impl> vm, JobRequest request, Instant deadline) {
    std::string directory = request.directory();
    auto status = co_await vm->jobs().submit(std::move(request), deadline);
    if (!status) co_return std::unexpected(std::move(status.error()));
    if (status->state == JobState::refused)
        co_return failed(Code::declined, Stage::command, "job " + status->id + " was " + status->line());
    co_return Job(std::make_shared<Job::Impl>(vm, status->id, std::move(directory)));
}

}  // namespace

Task<Result<Job>> Vm::submit(JobRequest request, Duration within) {
    return impl_->launch<Result<Job>>([impl = impl_, request = std::move(request), within](link::Link&) mutable {
        const Instant deadline = impl->loop().ports().clock.now() + within;
        return submitted(impl, std::move(request), deadline);
    });
}

Job Vm::job(std::string id_or_name, std::string directory) {
    return Job(std::make_shared<Job::Impl>(impl_, std::move(id_or_name), std::move(directory)));
}

Task<Result<std::vector<JobStatus>>> Vm::jobs(std::string directory) {
    return impl_->launch<Result<std::vector<JobStatus>>>([impl = impl_, directory = std::move(directory)](link::Link&) {
        return impl->jobs().list(directory, impl->loop().ports().clock.now() + answer_within);
    });
}

Task<Result<std::vector<std::string>>> Vm::prune_jobs(Duration age, std::uint64_t bytes, std::string directory) {
    return impl_->launch<Result<std::vector<std::string>>>(
        [impl = impl_, age, bytes, directory = std::move(directory)](link::Link&) {
            return impl->jobs().prune(age, bytes, directory, impl->loop().ports().clock.now() + answer_within);
        });
}

const std::string& Job::id() const noexcept { return impl_->id; }
const std::string& Job::directory() const noexcept { return impl_->directory; }

Task<Result<JobStatus>> Job::status() const {
    return impl_->vm->launch<Result<JobStatus>>([impl = impl_](link::Link&) {
        return impl->vm->jobs().status(impl->named(), impl->vm->loop().ports().clock.now() + answer_within);
    });
}

Task<Result<JobStatus>> Job::cancel(Duration grace) const {
    return impl_->vm->launch<Result<JobStatus>>([impl = impl_, grace](link::Link&) {
        return impl->vm->jobs().cancel(impl->named(), grace,
                                       impl->vm->loop().ports().clock.now() + answer_within + grace);
    });
}

Task<Result<void>> Job::remove() const {
    return impl_->vm->launch<Result<void>>([impl = impl_](link::Link&) {
        return impl->vm->jobs().remove(impl->named(), impl->vm->loop().ports().clock.now() + answer_within);
    });
}

Task<Result<std::string>> Job::view() const {
    return impl_->vm->launch<Result<std::string>>([impl = impl_](link::Link&) {
        return impl->vm->jobs().view(impl->named(), impl->vm->loop().ports().clock.now() + answer_within);
    });
}

Task<Result<void>> Job::clean_up() const {
    return impl_->vm->launch<Result<void>>([impl = impl_](link::Link&) {
        return impl->vm->jobs().clean_up(impl->named(), impl->vm->loop().ports().clock.now() + answer_within);
    });
}

Follow::Impl::Impl(const Job::Impl& of, OutputFn output, FollowOptions options)
    : vm(of.vm), job(of.named()), output_(std::move(output)), options_(std::move(options)),
      changed_(vm->loop().executor()), stopped_(vm->loop().executor()) {
    last_.id = job.name;
}

Async<void> Follow::Impl::ready() {
    while (held_back_) co_await changed_.wait();
}

void Follow::Impl::take(port::Stream stream, std::string bytes) {
    if (!output_) return;
    held_back_ = !output_(stream == port::Stream::out ? Stream::out : Stream::err, bytes);
}

void Follow::Impl::says(std::string line) {
    if (options_.says()) options_.says()(line);
}

void Follow::Impl::knows(const JobStatus& status) {
    last_ = status;
    if (options_.knows()) options_.knows()(status);
}

void Follow::Impl::stop() { stopped_.notify(); }

void Follow::Impl::resume_output() {
    held_back_ = false;
    changed_.notify();
}

Async<Result<job::Followed>> Follow::Impl::follow() {
    auto& jobs = vm->jobs();
    auto found = co_await jobs.id_of(job, vm->loop().ports().clock.now() + options_.lost_after());
    if (!found) co_return std::unexpected(std::move(found.error()));
    job::FollowFrom from;
    from.out = model::JobPosition(options_.out().offset, options_.out().last);
    from.err = model::JobPosition(options_.err().offset, options_.err().last);
    from.lost_after = options_.lost_after();
    from.to_the_end = options_.to_the_end();
    job::Following following(jobs, *found, job.directory, std::move(from), *this, *this);
    auto followed = co_await following.run();
    co_return followed;
}

Async<void> Follow::Impl::go() {
    // Whatever unwinds this (stop(), or the link is being closed), the end is reported once.
    struct AtEnd {
        Follow::Impl& self;
        ~AtEnd() {
            JobEnd end;
            end.status = self.last_;
            end.gave_up = Error(Code::cancelled, Stage::command, "no longer followed; the job goes on");
            self.promise.set(std::move(end));
        }
    } at_end{*this};
    using namespace boost::asio::experimental::awaitable_operators;
    auto race = follow() || stopped_.wait();
    auto first = co_await std::move(race);
    if (first.index() != 0) co_return;
    auto& followed = std::get<0>(first);
    JobEnd end;
    end.status = last_;
    if (followed) {
        end.status = std::move(followed->status);
        end.gave_up = std::move(followed->gave_up);
        end.reconnects = followed->reconnects;
    } else {
        end.gave_up = std::move(followed.error());
    }
    promise.set(std::move(end));
}

Follow Job::follow(OutputFn output, FollowOptions options) const {
    auto follow = std::make_shared<Follow::Impl>(*impl_, std::move(output), std::move(options));
    auto begin = [follow] {
        auto work = [](std::shared_ptr<Follow::Impl> held) -> Async<void> { co_await held->go(); };
        if (!follow->vm->spawn(work(follow))) follow->refuse();
    };
    if (!impl_->vm->post(std::move(begin))) follow->refuse();
    return Follow(std::move(follow));
}

void Follow::Impl::refuse() {
    JobEnd end;
    end.status = last_;
    end.gave_up = Error(Code::cancelled, Stage::none, "the link was closed");
    promise.set(std::move(end));
}

Task<JobEnd> Follow::end() const { return impl_->promise.task(); }

void Follow::stop() {
    (void)impl_->vm->post([follow = impl_] { follow->stop(); });
}

void Follow::resume_output() {
    (void)impl_->vm->post([follow = impl_] { follow->resume_output(); });
}

}  // namespace vmc
