// SPDX-License-Identifier: Apache-2.0
// Runs a script as sshd would: through a shell's standard input, with this process as its parent.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace shell {

/// Every POSIX shell that is installed here, at least /bin/sh.
inline std::vector<std::string> installed() {
    std::vector<std::string> found;
    for (const char* path : {"/bin/sh", "/bin/bash", "/bin/dash", "/bin/busybox", "/bin/mksh"})
        if (access(path, X_OK) == 0) found.emplace_back(path);
    return found;
}

/// What it printed. The child ends with the script, by itself.
inline std::string run(const std::string& script, const std::string& shell = "/bin/sh",
                       const std::string& ssh_connection = "192.0.2.1 40000 192.0.2.2 22") {
    int to[2], from[2];
    REQUIRE(pipe(to) == 0);
    REQUIRE(pipe(from) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        setsid();
        dup2(to[0], 0);
        dup2(from[1], 1);
        for (const int fd : {to[0], to[1], from[0], from[1]}) close(fd);
        dup2(open("/dev/null", O_WRONLY), 2);  // a script cut short complains; that is not the test's output
        setenv("SSH_CONNECTION", ssh_connection.c_str(), 1);
        if (shell.ends_with("busybox")) execl(shell.c_str(), "busybox", "ash", "-s", nullptr);
        else execl(shell.c_str(), "sh", "-s", nullptr);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    const auto written = write(to[1], script.data(), script.size());
    REQUIRE(written == static_cast<ssize_t>(script.size()));
    close(to[1]);
    std::string printed;
    char bytes[4096];
    for (ssize_t n; (n = read(from[0], bytes, sizeof bytes)) > 0;) printed.append(bytes, static_cast<std::size_t>(n));
    close(from[0]);
    waitpid(child, nullptr, 0);
    return printed;
}

}  // namespace shell
