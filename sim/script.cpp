// SPDX-License-Identifier: Apache-2.0
#include "sim/script.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "sim/host.hpp"

namespace vmc::sim {

namespace {

using Words = std::vector<std::string>;

/// Splits at `;`, `&&` and newlines, and into words; quotes keep blanks together. "&" stays a word.
std::vector<Words> split(std::string_view line) {
    std::vector<Words> commands(1);
    std::string word;
    char quote = 0;
    bool begun = false;
    auto end_word = [&] {
        if (begun) commands.back().push_back(std::move(word));
        word.clear();
        begun = false;
    };
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        const bool both = c == '&' && i + 1 < line.size() && line[i + 1] == '&';
        if (quote) {
            if (c == quote) quote = 0;
            else word += c;
        } else if (c == '\'' || c == '"') {
            quote = c;
            begun = true;
        } else if (c == ';' || c == '\n' || both) {
            end_word();
            commands.emplace_back();
            if (both) ++i;
        } else if (c == ' ' || c == '\t') {
            end_word();
        } else if (c == '&' && !begun) {
            commands.back().emplace_back("&");
            commands.emplace_back();
        } else {
            word += c;
            begun = true;
        }
    }
    end_word();
    std::erase_if(commands, [](const Words& words) { return words.empty(); });
    return commands;
}

std::uint64_t number(const std::string& text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Duration seconds_of(const std::string& text) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::strtod(text.c_str(), nullptr)));
}

std::string joined(const Words& words) {
    std::string text;
    for (std::size_t i = 1; i < words.size(); ++i) text += (i > 1 ? " " : "") + words[i];
    return text;
}

std::string unescaped(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '\\' && i + 1 < text.size();
        const char c = escape ? text[++i] : text[i];
        if (escape && c == 'n') out += '\n';
        else if (escape && c == '0') out += '\0';
        else out += c;
    }
    return out;
}

/// `sync`: until all is on the disk.
Script write_back(SimHost& host) {
    if (host.suffers(Trouble::disk_hung)) return {Step::hang()};
    return {};
}

Step command(Words words) {
    using Kind = Step::Kind;
    const bool to_err = words.back() == ">&2" || words.back() == "1>&2";
    const bool background = words.back() == "&";
    if (to_err || background) words.pop_back();
    if (words.size() > 1 && words[0] == "exec") words.erase(words.begin());
    words.resize(std::max<std::size_t>(words.size(), 1));
    const std::string& name = words[0];
    const std::string argument = words.size() > 1 ? words[1] : "";
    const port::Stream to = to_err ? port::Stream::err : port::Stream::out;

    if (name == "echo") return Step::print(joined(words) + "\n", to);
    if (name == "printf") return Step::print(unescaped(argument), to);
    if (name == "sleep" && background) return Step(Kind::background, {}, 0, seconds_of(argument));
    if (name == "sleep") return Step::sleep(seconds_of(argument));
    if (name == "exit") return Step::exit(number(argument));
    if (name == "true" || name == ":") return Step::print("");
    if (name == "false") return Step::exit(1);
    if (name == "hang") return Step::hang();
    if (name == "sync") return Step::call(write_back);
    if (name == "cat") return argument.empty() ? Step(Kind::cat) : Step(Kind::host_file, argument);
    if ((name == "sh" || name == "/bin/sh") && argument == "-s") return Step(Kind::read_script);
    if (name == "stream")
        return Step(Kind::stream, {}, number(argument), Duration(words.size() > 2 ? number(words[2]) : 0));
    if (name == "kill" && argument.size() > 1) return Step(Kind::die, argument.substr(1));
    if (name == "trap" && words.size() > 2) return Step(Kind::ignore, words[2]);
    if (name == "reboot") return Step(Kind::reboot, {}, 0, seconds_of(argument.empty() ? "20" : argument));
    return Step(Kind::exit, "sh: 1: " + name + ": not found\n", 127);
}

}  // namespace

Script parse_script(std::string_view line) {
    Script script;
    for (auto& words : split(line)) script.push_back(command(std::move(words)));
    return script;
}

std::string stream_bytes(std::uint64_t offset, std::size_t count) {
    constexpr std::uint64_t line_length = 16;
    std::string text;
    text.reserve(count + 2 * line_length);
    for (std::uint64_t n = offset / line_length; text.size() < count + offset % line_length; ++n) {
        std::string line(line_length, '0');
        line.back() = '\n';
        std::size_t digit = line_length - 1;
        for (std::uint64_t rest = n; rest > 0; rest /= 10) line[--digit] = static_cast<char>('0' + rest % 10);
        text += line;
    }
    return text.substr(offset % line_length, count);
}

}  // namespace vmc::sim
