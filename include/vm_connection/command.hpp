// SPDX-License-Identifier: Apache-2.0
// What to run, and within which limits.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <vm_connection/export.hpp>
#include <vm_connection/time.hpp>

namespace vmc VMC_API {

/// Size and type of a pseudo-terminal, RFC 4254 §6.2.
class Pty {
public:
    explicit Pty(std::string type = "xterm", int width = 80, int height = 24)
        : term(std::move(type)), columns(width), rows(height) {}
    std::string term;
    int columns;
    int rows;
};

/// A command for a VM's login shell. A small class with chained setters:
///     Command("make -j8").within(10min).cwd("/src")
class Command {
public:
    /// One shell line, sent verbatim; the login shell interprets it, as with ssh.
    explicit Command(std::string line) : line_(std::move(line)) {}
    /// Several words that arrive exactly as given, whatever the login shell.
    [[nodiscard]] static Command words(std::vector<std::string> argv) {
        Command c{std::string{}};
        c.words_ = std::move(argv);
        return c;
    }

    /// From the request being sent to the exit status. Absent: as long as it takes.
    Command& within(Duration limit) & {
        limit_ = limit;
        return *this;
    }
    Command&& within(Duration limit) && {
        limit_ = limit;
        return std::move(*this);
    }
    /// How long a silent link may stay suspect before the command counts as lost (5 min).
    Command& lost_after(Duration span) & {
        lost_after_ = span;
        return *this;
    }
    Command&& lost_after(Duration span) && {
        lost_after_ = span;
        return std::move(*this);
    }
    Command& env(std::string name, std::string value) & {
        env_.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    Command&& env(std::string name, std::string value) && {
        env(std::move(name), std::move(value));
        return std::move(*this);
    }
    Command& cwd(std::string directory) & {
        cwd_ = std::move(directory);
        return *this;
    }
    Command&& cwd(std::string directory) && {
        cwd_ = std::move(directory);
        return std::move(*this);
    }
    /// Through sudo, which is asked beforehand (once for each VM) what it grants; without the right to
    /// do so the command is refused and never started.
    Command& sudo(bool yes = true) & {
        sudo_ = yes;
        return *this;
    }
    Command&& sudo(bool yes = true) && {
        sudo_ = yes;
        return std::move(*this);
    }
    /// For a sudo that wants one. Goes to sudo's standard input where sudo asks, and nowhere else: not
    /// into an argument, the environment, a log, or the command.
    Command& sudo_password(std::string password) & {
        sudo_ = true;
        sudo_password_ = std::move(password);
        return *this;
    }
    Command&& sudo_password(std::string password) && {
        sudo_password(std::move(password));
        return std::move(*this);
    }
    Command& pty(Pty pty) & {
        pty_ = std::move(pty);
        return *this;
    }
    Command&& pty(Pty pty) && {
        pty_ = std::move(pty);
        return std::move(*this);
    }
    /// Bytes for its standard input, followed by end of file. Without it stdin is empty.
    Command& input(std::string bytes) & {
        input_ = std::move(bytes);
        return *this;
    }
    Command&& input(std::string bytes) && {
        input_ = std::move(bytes);
        return std::move(*this);
    }

    [[nodiscard]] const std::string& line() const noexcept { return line_; }
    [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }
    [[nodiscard]] std::optional<Duration> limit() const noexcept { return limit_; }
    [[nodiscard]] Duration lost_after() const noexcept { return lost_after_; }
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& env() const noexcept { return env_; }
    [[nodiscard]] const std::string& cwd() const noexcept { return cwd_; }
    [[nodiscard]] bool sudo() const noexcept { return sudo_; }
    [[nodiscard]] const std::string& sudo_password() const noexcept { return sudo_password_; }
    [[nodiscard]] const std::optional<Pty>& pty() const noexcept { return pty_; }
    [[nodiscard]] const std::string& input() const noexcept { return input_; }

private:
    std::string line_;
    std::vector<std::string> words_;
    std::optional<Duration> limit_;
    Duration lost_after_ = std::chrono::minutes(5);
    std::vector<std::pair<std::string, std::string>> env_;
    std::string cwd_;
    bool sudo_ = false;
    std::string sudo_password_;
    std::optional<Pty> pty_;
    std::string input_;
};

}  // namespace vmc VMC_API
