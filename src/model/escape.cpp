// SPDX-License-Identifier: Apache-2.0
#include "model/escape.hpp"

#include <cstdint>

#include "model/utf8.hpp"

namespace vmc::model {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

void show_byte(std::string& text, char byte) {
    const auto value = static_cast<unsigned char>(byte);
    ((text += "\\x") += digits[value >> 4]) += digits[value & 15];
}

void show_character(std::string& text, char32_t character) {
    text += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) text += digits[character >> shift & 15];
}

bool is_control(char32_t c) { return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0); }
bool reorders(char32_t c) {
    return c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/// Takes one step of `bytes` into `text`; 0 when it has to wait for more.
std::size_t take_step(std::string& text, std::string_view bytes, bool at_end) {
    const Utf8Step step = utf8_step(bytes);
    if (step.kind == Utf8Step::Kind::incomplete && !at_end) return 0;
    if (step.kind != Utf8Step::Kind::character) {
        show_byte(text, bytes[0]);
        return 1;
    }
    if (step.character == '\r') {
        if (bytes.size() == 1 && !at_end) return 0;
        if (bytes.size() > 1 && bytes[1] == '\n') {
            text += '\r';
            return 1;
        }
    }
    if (is_control(step.character)) {
        for (const char byte : bytes.substr(0, step.size)) show_byte(text, byte);
    } else if (reorders(step.character)) {
        show_character(text, step.character);
    } else {
        text += bytes.substr(0, step.size);
    }
    return step.size;
}

std::string escape(std::string& held, std::string_view more, bool at_end) {
    held += more;
    std::string text;
    text.reserve(held.size());
    std::string_view rest = held;
    while (!rest.empty()) {
        const std::size_t taken = take_step(text, rest, at_end);
        if (taken == 0) break;
        rest.remove_prefix(taken);
    }
    held = std::string(rest);
    return text;
}

}  // namespace

std::string TerminalEscaper::feed(std::string_view bytes) { return escape(held_, bytes, false); }
std::string TerminalEscaper::finish() { return escape(held_, {}, true); }

std::string escape_for_terminal(std::string_view text) {
    TerminalEscaper escaper;
    std::string shown = escaper.feed(text);
    return shown += escaper.finish();
}

}  // namespace vmc::model
