// SPDX-License-Identifier: Apache-2.0
#include "app/cli/json_text.hpp"

#include <algorithm>
#include <cmath>

#include "model/utf8.hpp"

namespace vmc::cli {

double milliseconds(Duration span) {
    return std::round(std::chrono::duration<double, std::milli>(span).count() * 1000) / 1000;
}

bool is_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto step = model::utf8_step(bytes);
        if (step.kind != model::Utf8Step::Kind::character) return false;
        bytes.remove_prefix(step.size);
    }
    return true;
}

std::size_t unfinished(std::string_view bytes) {
    for (std::size_t tail = 1; tail <= std::min<std::size_t>(3, bytes.size()); ++tail)
        if (model::utf8_step(bytes.substr(bytes.size() - tail)).kind == model::Utf8Step::Kind::incomplete) return tail;
    return 0;
}

std::string base64(std::string_view bytes) {
    constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : digits[group >> (18 - 6 * k) & 63U];
    }
    return text;
}

}  // namespace vmc::cli
