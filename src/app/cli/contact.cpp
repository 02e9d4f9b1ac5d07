// SPDX-License-Identifier: Apache-2.0
#include "app/cli/contact.hpp"

#include <algorithm>

namespace vmc::cli {

Contact::Contact(const HostOptions& options, Settings settings, Target target)
    : host_(options.host()), options_(options), console_(host_, options.loudness()), settings_(std::move(settings)),
      vm_(std::move(target)) {
    vm_.on_notice([this](const Notice& notice) { console_.hear(notice); });
}

Expected<std::unique_ptr<Contact>> Contact::open(const HostOptions& options, Duration at_most) {
    auto settings = options.settings();
    if (!settings) return std::unexpected(std::move(settings.error()));
    auto target = options.target(*settings);
    if (!target) return std::unexpected(std::move(target.error()));
    target->connect_timeout(std::min(target->connect_timeout(), at_most));
    std::unique_ptr<Contact> contact(new Contact(options, std::move(*settings), std::move(*target)));
    if (options.retry_auth()) contact->vm_.retry_auth(true);
    return contact;
}

Failure Contact::failure(const Error& error) const {
    return Failure(model::exit_code_of(error), host_ + ": " + line_of(error) + options_.advice_on(error));
}

Expected<void> Contact::connect() {
    auto up = finish(vm_.connect());
    if (!up) return std::unexpected(std::move(up.error()));
    if (!*up) return std::unexpected(failure(up->error()));
    return {};
}

Failure Contact::interrupted() const { return Failure(128 + Signals::wish(), host_ + ": interrupted"); }

void Contact::also_hear(std::function<void(const Notice&)> hear) {
    vm_.on_notice([this, hear = std::move(hear)](const Notice& notice) {
        console_.hear(notice);
        hear(notice);
    });
}

}  // namespace vmc::cli
