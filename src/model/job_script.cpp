// SPDX-License-Identifier: Apache-2.0
#include "model/job_script.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "model/base64.hpp"
#include "model/job_text.hpp"
#include "model/quote.hpp"
#include "model/remote.hpp"

namespace vmc::model {

namespace {

/// `name='value'` lines for the script.
class Words {
public:
    Words& set(std::string_view name, std::string_view value) {
        text_.append(name).append("=").append(quote(value)).append("\n");
        return *this;
    }
    Words& set(std::string_view name, std::uint64_t value) { return set(name, std::to_string(value)); }
    Words& set(const JobPlace& place) {
        return set("root", place.root).set("sync", place.sync).set("setsid", place.setsid);
    }
    Words& set(const JobPlace& place, const JobMoment& moment) {
        set(place).set("dev", place.device).set("machine", place.machine_id);
        return set("boot", moment.boot_id)
            .set("latest", moment.latest_uptime == 0 ? "" : std::to_string(moment.latest_uptime));
    }
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
};

using Parts = std::initializer_list<std::string_view>;

/// One function, called by its last line with the nonce, as framed() does it; but the login's PATH and
/// LC_ALL are kept for the job, and the last word is said by whoever has it.
std::string operation(const Words& words, Parts parts, std::string_view nonce, bool keep_stderr = false) {
    const std::string mark(nonce);
    std::string text = "vmc() {\n[ \"$1\" = " + mark +
                       " ] || exit 97\n"
                       "path_before=$PATH lc_before=${LC_ALL--} umask_before=$(umask)\n"
                       "exec </dev/null" +
                       (keep_stderr ? " 3>&2" : "") +
                       " 2>/dev/null\n"
                       "set -f\n"
                       "PATH=$PATH:/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C\n"
                       "export PATH LC_ALL\n"
                       "end=" +
                       mark + "\nprintf '\\n%s\\n' vmc-begin-" + mark + "\n";
    text += words.text();
    for (const auto part : parts) text += part;
    return text + "finish\n}\nvmc " + mark + "\n";
}

std::uint64_t seconds_up(Duration span) {
    const auto whole = std::chrono::ceil<std::chrono::seconds>(span).count();
    return whole > 0 ? static_cast<std::uint64_t>(whole) : 0;
}

}  // namespace

std::string JobOrder::runner(const JobPlace& place, std::string_view incarnation) const {
    const Command& command = request.command();
    Words words;
    words.set(place).set("job", place.root + "/" + id).set("id", id).set("incarnation", incarnation);
    words.set("command", job_line(command)).set("cwd", command.cwd()).set("as", command.sudo() ? "sudo -n" : "");
    words.set("limit", command.limit() ? std::max<std::uint64_t>(1, seconds_up(*command.limit())) : 0);
    words.set("cap", request.max_output()).set("grace", seconds_up(request.grace())).set("cleanup", request.cleanup());
    words.set("revert", request.revert()).set("within", seconds_up(request.confirm_within()));
    std::string text = words.text() + "environment() {\n:\n";
    for (const auto& [name, value] : command.env()) text += "export " + name + "=" + quote(value) + "\n";
    text += "}\n";
    for (const auto part :
         {remote::prelude, remote::tree, remote::starter, remote::supervise, remote::dead_man, remote::runner})
        text += part;
    return text;
}

std::string prepare_script(std::string_view root, bool submits, std::string_view nonce) {
    return operation(Words().set("wanted", root).set("submits", submits ? "yes" : ""),
                     {remote::prelude, remote::prepare}, nonce);
}

std::string submit_script(const JobPlace& place, const JobMoment& moment, const JobOrder& order,
                          std::string_view nonce) {
    Words words;
    words.set(place, moment).set("id", order.id).set("digest", order.digest());
    words.set("request", order.record(moment.boot_id)).set("runner", order.runner(place, moment.incarnation));
    words.set("staged", order.has_input ? std::to_string(order.request.command().input().size()) : "");
    words.set("cleanup", order.request.cleanup());
    words.set("revert", order.request.revert()).set("as", order.request.command().sudo() ? "sudo -n" : "");
    words.set("volatile", order.request.allows_volatile() ? "yes" : "");
    return operation(words, {remote::prelude, remote::place, remote::launch, remote::submit}, nonce);
}

std::string resume_script(const JobPlace& place, const JobMoment& moment, std::string_view id, int number, bool fresh,
                          std::string_view nonce) {
    Words words;
    words.set(place, moment).set("id", id).set("number", static_cast<std::uint64_t>(number));
    words.set("fresh", fresh ? "yes" : "");
    return operation(words, {remote::prelude, remote::place, remote::launch, remote::resume}, nonce);
}

std::string stage_script(const JobPlace& place, const JobOrder& order, std::uint64_t from, std::string_view bytes,
                         std::string_view nonce) {
    Words words;
    // Another input under the same id is another file.
    words.set(place).set("input", order.id + "-" + order.digest());
    words.set("from", from).set("piece", base64(bytes)).set("length", std::uint64_t{bytes.size()});
    return operation(words, {remote::prelude, remote::stage}, nonce);
}

std::string list_script(const JobPlace& place, std::string_view nonce) {
    return operation(Words().set(place), {remote::prelude, remote::describe, remote::list}, nonce);
}

std::string look_script(const JobPlace& place, std::string_view id, JobOffsets from, std::uint64_t most,
                        std::string_view nonce) {
    Words words;
    words.set(place).set("id", id).set("from_out", from.out).set("from_err", from.err).set("most", most);
    return operation(words, {remote::prelude, remote::describe, remote::look}, nonce);
}

std::string follow_script(const JobPlace& place, std::string_view id, JobOffsets from, JobOffsets held,
                          Duration patience, std::string_view nonce) {
    Words words;
    words.set(place).set("id", id).set("from_out", from.out).set("from_err", from.err);
    words.set("held_out", held.out).set("held_err", held.err);
    words.set("patience", seconds_up(patience));
    return operation(words, {remote::prelude, remote::describe, remote::follow}, nonce, true);
}

std::string cancel_script(const JobPlace& place, std::string_view id, Duration grace, std::string_view nonce) {
    Words words;
    words.set(place).set("id", id).set("grace", seconds_up(grace)).set("as", "");
    return operation(words, {remote::prelude, remote::describe, remote::tree, remote::cancel}, nonce);
}

std::string remove_script(const JobPlace& place, std::string_view ids, std::string_view nonce) {
    Words words;
    words.set(place).set("ids", ids);
    return operation(words, {remote::prelude, remote::describe, remote::remove}, nonce);
}

std::string confirm_script(const JobPlace& place, std::string_view id, std::string_view nonce) {
    return operation(Words().set(place).set("id", id), {remote::prelude, remote::describe, remote::confirm}, nonce);
}

std::string view_script(const JobPlace& place, std::string_view id, std::string_view title, std::string_view nonce) {
    return operation(Words().set(place).set("id", id).set("title", title), {remote::prelude, remote::view}, nonce);
}

std::string cleanup_script(const JobPlace& place, std::string_view id, std::string_view nonce) {
    Words words;
    words.set(place).set("id", id);
    return operation(words, {remote::prelude, remote::describe, remote::cleanup}, nonce);
}

}  // namespace vmc::model
