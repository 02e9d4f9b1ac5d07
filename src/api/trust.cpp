// SPDX-License-Identifier: Apache-2.0
#include "api/vm_impl.hpp"
#include "edge/ssh/transport.hpp"
#include "model/etiquette.hpp"

namespace vmc {

namespace {

/// One key from beginning to end: the one that was compared is the one that is written down.
Async<Result<std::string>> trust(edge::SshTransport& ssh, port::Clock& clock, port::Store& store, Target target,
                                 std::string expected) {
    const Instant deadline = clock.now() + target.connect_timeout();
    auto shown = co_await ssh.show_host_key(target, deadline);
    if (!shown) co_return std::unexpected(std::move(shown.error()));
    const auto name = shown->type + " " + shown->fingerprint;
    if (!expected.empty() && expected != shown->fingerprint)
        co_return failed(Code::host_key_changed, Stage::host_key,
                         target.name() + " shows " + name + ", not " + expected + "; nothing was changed");
    auto kept = co_await ssh.host_keys().replace(target, std::move(*shown), deadline);
    if (!kept) co_return std::unexpected(std::move(kept.error()));
    // Those that were left because of the old key are forgiven with it.
    (void)store.remove(model::etiquette_name(target));
    co_return name;
}

}  // namespace

Task<Result<std::string>> Vm::trust_host_key(std::string expected) {
    return impl_->launch<Result<std::string>>([impl = impl_.get(), expected = std::move(expected)](link::Link& link) {
        return trust(impl->loop().ssh(), impl->loop().ports().clock, impl->loop().store(), link.target(), expected);
    });
}

}  // namespace vmc
