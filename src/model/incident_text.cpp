// SPDX-License-Identifier: Apache-2.0
#include "model/incident_text.hpp"

#include "model/time_text.hpp"
#include "model/utf8.hpp"

namespace vmc::model {
namespace {

std::string quoted(std::string_view text) {
    std::string all = "\"";
    while (!text.empty()) {
        const auto step = utf8_step(text);
        const auto piece = text.substr(0, step.size);
        text.remove_prefix(step.size);
        if (step.kind != Utf8Step::Kind::character) {
            all += "\xef\xbf\xbd";
        } else if (step.character < 0x20) {
            static constexpr char hex[] = "0123456789abcdef";
            all += std::string("\\u00") + hex[step.character >> 4U] + hex[step.character & 15U];
        } else {
            if (piece == "\"" || piece == "\\") all += '\\';
            all += piece;
        }
    }
    return all + "\"";
}

}  // namespace

std::string incident_line(WallTime at, std::string_view incident, std::string_view host, std::string_view event,
                          std::string_view text) {
    return "{\"schema\":1,\"at\":" + quoted(iso_time(at)) + ",\"incident\":" + quoted(incident) +
           ",\"host\":" + quoted(host) + ",\"event\":" + quoted(event) + ",\"text\":" + quoted(text) + "}";
}

}  // namespace vmc::model
