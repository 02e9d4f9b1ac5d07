// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/known_hosts_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "edge/store/safe_files.hpp"

namespace vmc::edge {

namespace {

using Kind = model::HostKeyVerdict::Kind;
constexpr std::size_t few = 500;

int rank(Kind kind) {
    switch (kind) {
        case Kind::revoked: return 3;
        case Kind::known: return 2;
        case Kind::changed: return 1;
        case Kind::unknown: return 0;
    }
    return 0;
}

std::shared_ptr<const model::KnownHosts> parse(const std::string& path) {
    auto hosts = std::make_shared<model::KnownHosts>();
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    if (in) text << in.rdbuf();
    hosts->add(text.str(), path);
    return hosts;
}

struct OwnFile {
    Fd directory;
    Fd lock;
    std::string name;
};

Result<OwnFile> open_own(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0)
        return failed(Code::local, Stage::host_key, "our known_hosts needs a directory: " + path);
    OwnFile own;
    own.name = path.substr(slash + 1);
    auto directory = open_directory(path.substr(0, slash), {}, true);
    if (!directory) return std::unexpected(directory.error());
    own.directory = std::move(*directory);
    auto lock = lock_file(own.directory.get(), "." + own.name + ".lock");
    if (!lock) return std::unexpected(lock.error());
    own.lock = std::move(*lock);
    return own;
}

std::string line_for(const Target& target, const HostKey& key) {
    return model::known_hosts_line(target.host(), target.port(), key.type, key.base64, target.host_key_alias());
}

/// The lines for the same name as `sample`, or all others. Our own file holds plain names only.
std::string lines_like(const std::string& content, const std::string& sample, bool wanted = true) {
    const std::string_view name = std::string_view(sample).substr(0, sample.find(' ') + 1);
    std::string found;
    for (std::string_view rest = content; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.starts_with(name) == wanted) found.append(line) += '\n';
    }
    return found;
}

}  // namespace

const model::HostKeyVerdict& stronger(const model::HostKeyVerdict& a, const model::HostKeyVerdict& b) {
    return rank(b.kind) > rank(a.kind) ? b : a;
}

std::shared_ptr<const Shelf> Shelf::read(const std::vector<std::string>& paths,
                                         const std::shared_ptr<const Shelf>& before) {
    auto shelf = std::make_shared<Shelf>();
    bool same = before != nullptr;
    for (const auto& path : paths) {
        Book book{path, edge::stamp_of(path), nullptr};
        const Book* old = nullptr;
        if (before)
            for (const Book& one : before->books_)
                if (one.path == path) old = &one;
        if (old && old->stamp == book.stamp) book.hosts = old->hosts;
        else book.hosts = parse(path), same = false;
        shelf->books_.push_back(std::move(book));
    }
    return same ? before : shelf;
}

model::HostKeyVerdict Shelf::check(const Target& target, const HostKey& key) const {
    model::HostKeyVerdict verdict;
    for (const Book& book : books_)
        verdict = stronger(
            verdict, book.hosts->check(target.host(), target.port(), key.type, key.base64, target.host_key_alias()));
    return verdict;
}

std::vector<std::string> Shelf::known_types(const Target& target) const {
    std::vector<std::string> types;
    for (const Book& book : books_)
        for (auto& type : book.hosts->known_types(target.host(), target.port(), target.host_key_alias()))
            if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(std::move(type));
    return types;
}

bool Shelf::small() const noexcept {
    std::size_t entries = 0;
    for (const Book& book : books_) entries += book.hosts->size();
    return entries <= few;
}

Result<model::HostKeyVerdict> append_key(const std::string& path, const Target& target, const HostKey& key) {
    auto own = open_own(path);
    if (!own) return std::unexpected(std::move(own.error()));
    const auto before = read_file(own->directory.get(), own->name);
    if (!before) return std::unexpected(before.error());
    const std::string content = before->value_or("");
    std::string line = line_for(target, key);
    model::KnownHosts others;
    others.add(lines_like(content, line), path);
    auto verdict = others.check(target.host(), target.port(), key.type, key.base64, target.host_key_alias());
    if (verdict.kind != Kind::unknown) return verdict;

    if (!content.empty() && content.back() != '\n') line.insert(0, "\n");  // torn by a crash: must not swallow ours
    const Fd fd(::openat(own->directory.get(), own->name.c_str(),
                         O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd || ::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        return failed(Code::local, Stage::host_key,
                      "cannot remember the host key in " + path + ": " + std::strerror(errno));
    return verdict;
}

Result<void> replace_keys(const std::string& path, const Target& target, const std::optional<HostKey>& key) {
    auto own = open_own(path);
    if (!own) return std::unexpected(std::move(own.error()));
    auto before = read_file(own->directory.get(), own->name);
    if (!before) return std::unexpected(std::move(before.error()));
    HostKey any;
    any.type = any.base64 = "-";
    const std::string sample = line_for(target, key.value_or(any));
    std::string after = lines_like(before->value_or(""), sample, false);
    if (key) after += sample;
    return replace_file(own->directory.get(), own->name, after);
}

std::string fingerprint_of(const std::string& type, const std::string& base64) {
    ssh_key key = nullptr;
    if (::ssh_pki_import_pubkey_base64(base64.c_str(), ::ssh_key_type_from_name(type.c_str()), &key) != SSH_OK)
        return {};
    unsigned char* hash = nullptr;
    std::size_t length = 0;
    std::string text;
    if (::ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &length) == SSH_OK) {
        char* words = ::ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, length);
        if (words) text = words;
        ::ssh_string_free_char(words);
        ::ssh_clean_pubkey_hash(&hash);
    }
    ::ssh_key_free(key);
    return text;
}

}  // namespace vmc::edge
