// SPDX-License-Identifier: Apache-2.0
#include "app/cli/ssh_config_files.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <string_view>

#include <glob.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/ssh_config.hpp"

namespace vmc::cli {

namespace {

/// As ssh: deeper nesting is a loop.
constexpr int deepest_include = 16;

struct Account {
    std::string name;
    std::string home;
};

const Account& account() {
    static const Account ours = [] {
        const auto* entry = ::getpwuid(::getuid());
        return entry != nullptr ? Account{entry->pw_name, entry->pw_dir} : Account{};
    }();
    return ours;
}

bool mentions(const std::string& text, std::string_view word) {
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return !std::ranges::search(text, word, same).empty();
}

void scan(const std::string& path, const std::string& base, int depth, SshConfigScan& found) {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) return;
    if (!S_ISREG(about.st_mode)) {  // a pipe can be read once, and by ssh
        found.may_matter = true;
        return;
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) return;
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto one = model::scan_config(text);
    found.may_matter = found.may_matter || one.may_matter || depth > deepest_include;
    found.names_kex = found.names_kex || mentions(text, "kexalgorithms");
    found.names_ciphers = found.names_ciphers || mentions(text, "ciphers");
    if (depth > deepest_include) return;
    for (auto pattern : one.includes) {
        if (pattern.starts_with("~/")) pattern.replace(0, 1, account_home());
        else if (!pattern.starts_with('/')) pattern.insert(0, base + "/");
        glob_t names{};
        if (::glob(pattern.c_str(), 0, nullptr, &names) == 0)
            for (std::size_t i = 0; i < names.gl_pathc; ++i) scan(names.gl_pathv[i], base, depth + 1, found);
        ::globfree(&names);
    }
}

}  // namespace

const std::string& account_home() { return account().home; }
const std::string& account_name() { return account().name; }

SshConfigScan scan_ssh_config(const std::string& file) {
    SshConfigScan found;
    const auto users = account_home() + "/.ssh";
    if (!file.empty()) {
        scan(file, users, 0, found);
        return found;
    }
    scan(users + "/config", users, 0, found);
    scan("/etc/ssh/ssh_config", "/etc/ssh", 0, found);
    return found;
}

}  // namespace vmc::cli
