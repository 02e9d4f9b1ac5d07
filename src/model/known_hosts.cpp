// SPDX-License-Identifier: Apache-2.0
#include "model/known_hosts.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/lower.hpp"
#include "model/base64.hpp"
#include "model/sha1.hpp"

namespace vmc::model {
namespace {

std::string name_of(std::string_view host, std::uint16_t port, std::string_view alias) {
    if (!alias.empty()) return lower(alias);
    return port == 22 ? lower(host) : "[" + lower(host) + "]:" + std::to_string(port);
}

/// The next word; spaces and tabs part them.
std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    return word;
}

/// `*` any run, `?` any one character. Linear in pattern times text: no backtracking beyond the last star.
bool matches(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// As ssh does it: a negated pattern that matches refuses, whatever else matches.
bool any_matches(const std::vector<std::string>& globs, std::string_view name) {
    bool matched = false;
    for (const std::string& glob : globs) {
        if (glob.starts_with('!')) {
            if (matches(std::string_view(glob).substr(1), name)) return false;
        } else if (matches(glob, name)) {
            matched = true;
        }
    }
    return matched;
}

/// The blob begins with its own type as an SSH string (RFC 4253 section 6.6).
bool holds_key_of(std::string_view base64, std::string_view type) {
    const auto blob = base64_decode(base64);
    if (!blob || blob->size() < 4 + type.size() || type.size() > 255) return false;
    const std::string length{'\0', '\0', '\0', static_cast<char>(type.size())};
    return blob->starts_with(length) && blob->compare(4, type.size(), type) == 0;
}

}  // namespace

void KnownHosts::add(std::string_view text, std::string_view file) {
    for (int number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        const auto first = line.find_first_not_of(" \t");
        if (first == std::string_view::npos || line[first] == '#') continue;
        if (!add_line(line, file, number)) ++skipped_;
    }
}

bool KnownHosts::add_line(std::string_view line, std::string_view file, int number) {
    KnownKey key;
    std::string_view names = take_word(line);
    if (names.starts_with('@')) {
        if (names == "@revoked") key.marker = KnownKey::Marker::revoked;
        else if (names == "@cert-authority") key.marker = KnownKey::Marker::cert_authority;
        else return false;
        names = take_word(line);
    }
    key.key_type = take_word(line);
    key.key_base64 = take_word(line);
    key.file = file;
    key.line = number;
    if (!holds_key_of(key.key_base64, key.key_type) || !index_names(names, keys_.size())) return false;
    keys_.push_back(std::move(key));
    return true;
}

bool KnownHosts::index_names(std::string_view names, std::size_t key) {
    if (names.starts_with("|1|")) {
        const auto middle = names.find('|', 3);
        if (middle == std::string_view::npos) return false;
        const auto salt = base64_decode(names.substr(3, middle - 3)), digest = base64_decode(names.substr(middle + 1));
        if (!salt || !digest || digest->size() != 20) return false;
        hashed_[*salt].push_back({*digest, key});
        return true;
    }
    std::vector<std::string> globs;
    while (!names.empty()) {
        const auto end = std::min(names.find(','), names.size());
        if (end > 0) globs.push_back(lower(names.substr(0, end)));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    if (globs.empty() || globs.front().starts_with('|')) return false;
    const bool is_plain = std::ranges::none_of(
        globs, [](const std::string& glob) { return glob.find_first_of("*?!") != std::string::npos; });
    if (!is_plain) patterns_.push_back({std::move(globs), key});
    else
        for (const std::string& name : globs) plain_[name].push_back(key);
    return true;
}

std::vector<KnownKey> KnownHosts::find(const std::string& name) const {
    std::set<std::size_t> found;
    if (const auto plain = plain_.find(name); plain != plain_.end())
        found.insert(plain->second.begin(), plain->second.end());
    for (const Patterns& patterns : patterns_)
        if (any_matches(patterns.globs, name)) found.insert(patterns.key);
    for (const auto& [salt, entries] : hashed_) {
        const Sha1 digest = hmac_sha1(salt, name);
        for (const Hashed& entry : entries)
            if (std::ranges::equal(entry.digest, digest, {}, [](char c) { return static_cast<std::uint8_t>(c); }))
                found.insert(entry.key);
    }
    std::vector<KnownKey> keys;
    keys.reserve(found.size());
    for (const std::size_t key : found) keys.push_back(keys_[key]);
    return keys;
}

std::vector<KnownKey> KnownHosts::lookup(std::string_view host, std::uint16_t port, std::string_view alias) const {
    return find(name_of(host, port, alias));
}

HostKeyVerdict KnownHosts::check(std::string_view host, std::uint16_t port, std::string_view key_type,
                                 std::string_view key_base64, std::string_view alias) const {
    using enum HostKeyVerdict::Kind;
    using Marker = KnownKey::Marker;
    const auto judge = [&](const std::vector<KnownKey>& keys) -> HostKeyVerdict {
        const auto same = [&](const KnownKey& key) { return key.key_type == key_type && key.key_base64 == key_base64; };
        const KnownKey* good = nullptr;
        const KnownKey* other = nullptr;
        for (const KnownKey& key : keys) {
            if (key.marker == Marker::revoked && same(key)) return {revoked, key};
            if (key.marker != Marker::none) continue;
            if (same(key)) good = good ? good : &key;
            else if (!other || (other->key_type != key_type && key.key_type == key_type)) other = &key;
        }
        if (good) return {known, *good};
        if (other) return {changed, *other};
        return {};
    };
    HostKeyVerdict verdict = judge(lookup(host, port, alias));
    if (verdict.kind != unknown || port == 22 || !alias.empty()) return verdict;
    const HostKeyVerdict without_port = judge(lookup(host, 22));
    return without_port.kind == changed ? HostKeyVerdict{} : without_port;
}

std::vector<std::string> KnownHosts::known_types(std::string_view host, std::uint16_t port,
                                                 std::string_view alias) const {
    std::vector<std::string> types;
    for (const KnownKey& key : lookup(host, port, alias)) {
        if (key.marker == KnownKey::Marker::none && std::ranges::find(types, key.key_type) == types.end())
            types.push_back(key.key_type);
    }
    if (types.empty() && port != 22 && alias.empty()) return known_types(host, 22);
    return types;
}

std::string known_hosts_line(std::string_view host, std::uint16_t port, std::string_view key_type,
                             std::string_view key_base64, std::string_view alias) {
    return name_of(host, port, alias) + " " + std::string(key_type) + " " + std::string(key_base64) + "\n";
}

}  // namespace vmc::model
