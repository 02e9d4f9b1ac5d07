// SPDX-License-Identifier: Apache-2.0
#include "mailbox.hpp"

#include <cerrno>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace vmc::python {

Mailbox::Mailbox() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Mailbox::~Mailbox() { ::close(fd_); }

void Mailbox::post(std::uint64_t ticket) {
    std::lock_guard lock(mutex_);
    tickets_.push_back(ticket);
    if (tickets_.size() == 1) ::eventfd_write(fd_, 1);
}

std::vector<std::uint64_t> Mailbox::drain() {
    std::lock_guard lock(mutex_);
    eventfd_t count = 0;
    if (!tickets_.empty()) ::eventfd_read(fd_, &count);
    return std::exchange(tickets_, {});
}

}  // namespace vmc::python
