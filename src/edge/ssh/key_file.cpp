// SPDX-License-Identifier: Apache-2.0
#include "edge/ssh/key_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "edge/os/fd.hpp"

namespace vmc::edge {

namespace {

constexpr off_t largest_key = 1024 * 1024;  // OpenSSH: MAX_KEY_FILE_SIZE

FileStamp stamp(const struct stat& about) {
    return FileStamp{about.st_dev, about.st_ino, about.st_size, about.st_mode,
                     about.st_mtim.tv_sec * 1'000'000'000LL + about.st_mtim.tv_nsec};
}

/// The content, or why not.
std::optional<std::string> read_whole(const std::string& path, struct stat& about, std::string& trouble) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd || ::fstat(fd.get(), &about) != 0) {
        trouble = path + ": " + std::strerror(errno);
        return std::nullopt;
    }
    if (!S_ISREG(about.st_mode) || about.st_size > largest_key) {
        trouble = path + ": not a key file";
        return std::nullopt;
    }
    std::string content(static_cast<std::size_t>(about.st_size), '\0');
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t got = ::read(fd.get(), content.data() + done, content.size() - done);
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    content.resize(done);
    return content;
}

/// What people give by mistake; libssh's own words for these say nothing.
bool no_private_key(const std::string& content, const std::string& path, std::string& trouble) {
    if (content.find("PRIVATE KEY") != std::string::npos) return false;
    const bool is_public = path.ends_with(".pub") || content.starts_with("ssh-") || content.starts_with("ecdsa-");
    trouble = path + (is_public ? ": this is the public half; the private key is needed" : ": no private key in it");
    return true;
}

bool too_open(const struct stat& about, const std::string& path, std::string& trouble) {
    if (about.st_uid != ::geteuid() || (about.st_mode & 077) == 0) return false;
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(about.st_mode & 07777));
    trouble = path + ": group or others may use this private key (mode " + mode + "); chmod 600 it";
    return true;
}

int note_that_it_is_locked(const char*, char*, std::size_t, int, int, void* locked) {
    *static_cast<bool*>(locked) = true;
    return -1;
}

void wipe(std::string& secret) { ::explicit_bzero(secret.data(), secret.size()); }

ssh_key parse(const std::string& content, const std::optional<std::string>& passphrase, bool& locked) {
    ssh_key key = nullptr;
    const char* words = passphrase && !passphrase->empty() ? passphrase->c_str() : nullptr;
    // Always with a callback: without one OpenSSL asks for the passphrase of an old PEM file on the terminal.
    if (::ssh_pki_import_privkey_base64(content.c_str(), words, note_that_it_is_locked, &locked, &key) != SSH_OK)
        return nullptr;
    return key;
}

}  // namespace

bool LoadedKey::is_rsa() const noexcept { return ::ssh_key_type(key_) == SSH_KEYTYPE_RSA; }

std::optional<FileStamp> stamp_of(const std::string& path) {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) return std::nullopt;
    return stamp(about);
}

KeyReading read_key(const std::string& path, const std::optional<std::string>& passphrase) {
    KeyReading reading;
    struct stat about{};
    auto content = read_whole(path, about, reading.trouble);
    if (!content || no_private_key(*content, path, reading.trouble) || too_open(about, path, reading.trouble))
        return reading;
    reading.stamp = stamp(about);
    reading.certificate_stamp = stamp_of(path + "-cert.pub");
    ssh_key key = parse(*content, passphrase, reading.locked);
    if (key) reading.key = std::make_shared<LoadedKey>(path, key, false);

    ssh_key certificate = nullptr;
    if (key && ::ssh_pki_import_cert_file((path + "-cert.pub").c_str(), &certificate) == SSH_OK) {
        // The certificate is copied into a second private key: the plain one is tried after it.
        bool ignored = false;
        ssh_key twin = parse(*content, passphrase, ignored);
        const bool fits = twin && ::ssh_pki_copy_cert_to_privkey(certificate, twin) == SSH_OK;
        ::ssh_key_free(certificate);
        if (fits) reading.certified = std::make_shared<LoadedKey>(path, twin, true);
        else ::ssh_key_free(twin);
    }
    wipe(*content);
    if (key) reading.locked = false;
    else if (!reading.locked) {
        reading.trouble = path + (passphrase ? ": wrong passphrase" : ": not a private key libssh can read");
    }
    return reading;
}

}  // namespace vmc::edge
