// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/host_key_book.hpp"

#include "edge/os/system_clock.hpp"

namespace vmc::edge {

namespace {

using Kind = model::HostKeyVerdict::Kind;
constexpr std::chrono::seconds fresh_for{1};

std::string name_of(const Target& target) {
    if (!target.host_key_alias().empty()) return target.host_key_alias();
    return target.port() == 22 ? target.host() : "[" + target.host() + "]:" + std::to_string(target.port());
}

std::string where(const model::KnownKey& key) { return key.file + ":" + std::to_string(key.line); }

Error changed(const Target& target, const HostKey& shown, const std::string& known, const std::string& place) {
    std::string words = "the host key of " + name_of(target) + " has changed: known " + known;
    if (!place.empty()) words += " (" + place + ")";
    words += ", shown " + shown.type + " " + shown.fingerprint +
             ". Nothing was sent to it, and nothing will be until it is trusted";
    return Error(Code::host_key_changed, Stage::host_key, std::move(words));
}

Error late() { return Error(Code::timed_out, Stage::host_key, "the known_hosts files were not read in time"); }

/// "SHA256:…" with or without the padding some tools show.
bool same_fingerprint(std::string_view a, std::string_view b) {
    while (a.ends_with('=')) a.remove_suffix(1);
    while (b.ends_with('=')) b.remove_suffix(1);
    return a == b;
}

}  // namespace

HostKeyBook::HostKeyBook(OffLoop& helpers, std::string ours, std::vector<std::string> read_only)
    : helpers_(helpers), ours_(std::move(ours)), read_only_(std::move(read_only)) {}

Async<Result<std::shared_ptr<const Shelf>>> HostKeyBook::shelf_for(Target target, bool fresh, Instant deadline) {
    auto files = target.known_hosts().empty() ? read_only_ : target.known_hosts();
    if (!ours_.empty()) files.push_back(ours_);
    const Instant began = SystemClock::read();
    const Place place = places_[files];
    if (place.shelf && !fresh && began - place.looked_at < fresh_for) co_return place.shelf;
    const std::function<std::shared_ptr<const Shelf>()> job = [files, before = place.shelf] {
        return Shelf::read(files, before);
    };
    auto shelf = co_await helpers_.run(job, deadline);
    if (!shelf) co_return std::unexpected(late());
    // What had been appended when this reading began is in it.
    std::erase_if(added_, [began](const auto& one) { return one.second.at < began; });
    places_[files] = Place{*shelf, began};
    co_return std::move(*shelf);
}

Async<Result<std::vector<std::string>>> HostKeyBook::known_types(Target target, Instant deadline) {
    const auto shelf = co_await shelf_for(target, false, deadline);
    if (!shelf) co_return std::unexpected(shelf.error());
    if ((*shelf)->small()) co_return (*shelf)->known_types(target);
    const std::function<std::vector<std::string>()> job = [shelf = *shelf, target] {
        return shelf->known_types(target);
    };
    auto types = co_await helpers_.run(job, deadline);
    if (!types) co_return std::unexpected(late());
    co_return std::move(*types);
}

Async<Result<model::HostKeyVerdict>> HostKeyBook::look_up(Target target, HostKey key, bool fresh, Instant deadline) {
    const auto shelf = co_await shelf_for(target, fresh, deadline);
    if (!shelf) co_return std::unexpected(shelf.error());
    model::HostKeyVerdict verdict;
    if ((*shelf)->small()) {
        verdict = (*shelf)->check(target, key);
    } else {
        const std::function<model::HostKeyVerdict()> job = [shelf = *shelf, target, key] {
            return shelf->check(target, key);
        };
        auto found = co_await helpers_.run(job, deadline);
        if (!found) co_return std::unexpected(late());
        verdict = std::move(*found);
    }
    if (const auto mine = added_.find(name_of(target)); mine != added_.end()) {
        model::HostKeyVerdict recent;
        recent.kind = mine->second.key.base64 == key.base64 ? Kind::known : Kind::changed;
        recent.because.key_type = mine->second.key.type;
        recent.because.key_base64 = mine->second.key.base64;
        recent.because.file = ours_;
        verdict = stronger(verdict, recent);
    }
    co_return verdict;
}

Async<Result<bool>> HostKeyBook::check(Target target, HostKey key, Instant deadline) {
    auto verdict = co_await look_up(target, key, false, deadline);
    // Another process may have trusted the new key a moment ago.
    if (verdict && verdict->kind == Kind::changed && target.host_keys() != HostKeyPolicy::ephemeral)
        verdict = co_await look_up(target, key, true, deadline);
    if (!verdict) co_return std::unexpected(std::move(verdict.error()));
    auto decided = compare(target, key, *verdict);
    const bool accepting = decided && *decided && target.host_keys() == HostKeyPolicy::accept_new && !ours_.empty();
    if (!accepting) co_return decided;
    co_return co_await accept(target, key, deadline);
}

/// True: new, and by this target's policy to be accepted. A revoked key is refused under all of them.
Result<bool> HostKeyBook::compare(const Target& target, const HostKey& key, const model::HostKeyVerdict& verdict) {
    const auto& because = verdict.because;
    if (verdict.kind == Kind::revoked)
        return failed(
            Code::host_key_revoked, Stage::host_key,
            "the host key of " + name_of(target) + " is revoked (" + where(because) + "): " + key.fingerprint);
    if (target.host_keys() == HostKeyPolicy::pinned) {
        if (same_fingerprint(key.fingerprint, target.pin())) return false;
        return std::unexpected(changed(target, key, target.pin(), "pinned"));
    }
    if (target.host_keys() == HostKeyPolicy::ephemeral) {
        const auto [met, first] = met_.try_emplace(name_of(target), key);
        if (first || met->second.base64 == key.base64) return first;
        return std::unexpected(changed(target, key, met->second.type + " " + met->second.fingerprint, "met earlier"));
    }
    if (verdict.kind == Kind::known) return false;
    if (verdict.kind == Kind::changed)
        return std::unexpected(changed(target, key,
                                       because.key_type + " " + fingerprint_of(because.key_type, because.key_base64),
                                       where(because)));
    if (target.host_keys() == HostKeyPolicy::strict)
        return failed(Code::host_key_unknown, Stage::host_key,
                      "the host key of " + name_of(target) +
                          " is not known, and unknown ones are refused: " + key.type + " " + key.fingerprint);
    return true;
}

Async<Result<bool>> HostKeyBook::accept(Target target, HostKey key, Instant deadline) {
    const std::function<Result<model::HostKeyVerdict>()> job = [path = ours_, target, key] {
        return append_key(path, target, key);
    };
    auto found = co_await helpers_.run(job, deadline);
    if (!found) co_return std::unexpected(late());
    if (!*found) co_return std::unexpected(std::move(found->error()));
    const auto& verdict = **found;
    if (verdict.kind != Kind::unknown) co_return compare(target, key, verdict);
    added_[name_of(target)] = Addition{key, SystemClock::read()};
    co_return true;
}

Async<Result<void>> HostKeyBook::rewrite(Target target, std::optional<HostKey> key, Instant deadline) {
    met_.erase(name_of(target));
    if (ours_.empty()) co_return failed(Code::local, Stage::host_key, "there is no known_hosts file of ours");
    const std::function<Result<void>()> job = [path = ours_, target, key] { return replace_keys(path, target, key); };
    auto done = co_await helpers_.run(job, deadline);
    added_.erase(name_of(target));
    for (auto& [files, place] : places_) place.looked_at = Instant{};
    if (!done) co_return std::unexpected(late());
    co_return std::move(*done);
}

Async<Result<void>> HostKeyBook::replace(Target target, HostKey key, Instant deadline) {
    co_return co_await rewrite(std::move(target), std::move(key), deadline);
}

Async<Result<void>> HostKeyBook::forget(Target target, Instant deadline) {
    co_return co_await rewrite(std::move(target), std::nullopt, deadline);
}

}  // namespace vmc::edge
