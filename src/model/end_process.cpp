// SPDX-License-Identifier: Apache-2.0
#include "model/end_process.hpp"

#include <algorithm>

#include "base/ensure.hpp"
#include "model/key_values.hpp"

namespace vmc::model {
namespace {

// Only builtins but for sleep, tr and kill (a builtin in bash, dash, ash, mksh). $connection,
// $index, $live and $grace (ms) are set before this.
constexpr std::string_view find_it = R"sh(
say() {
    printf 'killed=%s\nreason=%s\n' "$1" "$2"
    printf '\n%s\n' "$end"
    exit 0
}
# Sets state, ppid, pgrp, sid and start of process $1; fails when it is gone.
look() {
    line=
    while read -r part; do line="$line $part"; done <"/proc/$1/stat" || return 1
    # shellcheck disable=SC2086 # split into fields; globbing is off
    set -- ${line##*) }
    [ $# -ge 20 ] || return 1
    state=$1 ppid=$2 pgrp=$3 sid=$4 start=${20}
}
is_sshd() {
    name=
    read -r name <"/proc/$1/comm"
    case $name in sshd | sshd-session | dropbear) return 0 ;; esac
    return 1
}
has_connection() {
    case "
$(tr '\0' '\n' <"/proc/$1/environ")
" in *"
SSH_CONNECTION=$connection
"*) return 0 ;; esac
    return 1
}
is_ours() {
    look "$1" || return 1
    if [ "$sid" != "$1" ] || [ "$state" = Z ] || [ "$1" = "$$" ]; then return 1; fi
    # What began after us was requested after us: it is not among the $live that were counted.
    [ "$start" -lt "$mine" ] || { [ "$start" = "$mine" ] && [ "$1" -lt "$$" ]; } || return 1
    if [ -z "$connection" ]; then [ "$ppid" = "$PPID" ]; else is_sshd "$ppid" && has_connection "$1"; fi
}
each_process() {
    set +f
    set -- /proc/[0-9]*
    set -f
    processes=
    for dir; do processes="$processes ${dir#/proc/}"; done
}
[ -r /proc/self/stat ] && look "$$" || say doubt 'no /proc on the VM'
mine=$start
each_process
found=
count=0
above=
for p in $processes; do
    is_ours "$p" || continue
    look "$p" || continue
    [ "${above:=$ppid}" = "$ppid" ] || say doubt 'two sshd processes serve this connection'
    found="$found $p:$start"
    count=$((count + 1))
done
[ "$count" = "$live" ] || say doubt "found $count commands on the connection where $live should run"
leader=
for a in $found; do
    before=0
    for b in $found; do
        [ "$a" != "$b" ] || continue
        if [ "${b#*:}" -lt "${a#*:}" ]; then before=$((before + 1)); fi
        [ "${b#*:}" = "${a#*:}" ] || continue
        if [ "${b%:*}" -lt "${a%:*}" ]; then before=$((before + 1)); fi
        apart=$((${b%:*} - ${a%:*}))
        [ "${apart#-}" -lt 16000 ] || say doubt 'commands started in the same instant, process ids wrapped'
    done
    [ "$before" = "$index" ] && leader=$a
done
[ -n "$leader" ] || say doubt 'no such command'
)sh";

constexpr std::string_view end_it = R"sh(
# Sets alive to the pid:start of what lives in the leader's session.
who_lives() {
    each_process
    alive=
    for p in $processes; do
        look "$p" || continue
        case $state in Z | X) continue ;; esac
        if [ "$sid" = "${leader%:*}" ]; then alive="$alive $p:$start"; fi
    done
}
still() {
    if look "${1%:*}"; then
        [ "$start" = "${1#*:}" ] && [ "$state" != Z ] && [ "$state" != X ]
    else
        [ -d "/proc/${1%:*}" ]
    fi
}
# $1 signal, $2 how long to wait (ms). Succeeds when the session is empty.
end_by() {
    waited=0
    who_lives
    while [ -n "$alive" ]; do
        group=
        if still "$leader" && kill -s "$1" -- "-${leader%:*}"; then group=${leader%:*}; fi
        for p in $alive; do
            still "$p" || continue
            # One TERM each: to some programs a second one means something else.
            if [ "$1" = KILL ] || [ "$pgrp" != "$group" ]; then kill -s "$1" "${p%:*}" || denied=yes; fi
            [ "$1" = KILL ] || kill -s CONT "${p%:*}"
        done
        waited=$((waited + 5))
        while [ "$waited" -lt "$2" ]; do
            left=
            for p in $alive; do if still "$p"; then left="$left $p"; fi; done
            [ -n "$left" ] || break
            alive=$left
            if sleep 0.05; then waited=$((waited + 50)); else
                sleep 1
                waited=$((waited + 1000))
            fi
        done
        [ "$waited" -lt "$2" ] || break
        who_lives
    done
    who_lives
    [ -z "$alive" ]
}
# What left for a session of its own is not ended, but it is told. Sets strays to pid:start of each.
find_strays() {
    each_process
    kin=' '
    strays=
    for round in 1 2; do
        for p in $processes; do
            case $kin in *" $p "*) continue ;; esac
            look "$p" || continue
            case $state in Z | X) continue ;; esac
            if [ "$sid" = "${leader%:*}" ]; then kin="$kin$p "; else
                case $kin in *" $ppid "*) kin="$kin$p " strays="$strays $p:$start" ;; esac
            fi
        done
    done
}
gone() {
    for p in $strays; do
        if still "$p"; then say no 'a child that left for a session of its own still runs'; fi
    done
    say yes "$1"
}
denied=
find_strays
end_by TERM "$grace" && gone 'gone after TERM'
end_by KILL 1000 && gone 'gone after KILL'
[ -z "$denied" ] || say no 'not permitted to signal all of it'
say no 'still there after KILL'
)sh";

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == ':' ||
               c == ' ' || c == '%' || c == '_' || c == '-';
    });
}

}  // namespace

std::string end_script(const EndOrder& order, std::string_view nonce) {
    ensure(is_plain(order.ssh_connection), "SSH_CONNECTION holds addresses and ports only");
    const auto grace = std::chrono::duration_cast<std::chrono::milliseconds>(order.grace).count();
    const std::string given = "connection='" + order.ssh_connection + "'\nindex=" + std::to_string(order.index) +
                              "\nlive=" + std::to_string(order.live) + "\ngrace=" + std::to_string(grace) +
                              "\nend=vmc-end-" + std::string(nonce) + "\n";
    return framed(given + std::string(find_it.substr(1)) + std::string(end_it.substr(1)), nonce);
}

Result<EndAnswer> parse_end(std::string_view printed, std::string_view nonce) {
    const auto answer = answer_of(printed, nonce);
    if (!answer) return std::unexpected(answer.error());
    const auto values = key_values(*answer);
    const auto killed = values.find("killed"), reason = values.find("reason");
    if (killed == values.end() || reason == values.end())
        return failed(Code::protocol, Stage::command, "the answer about the end of a command is not one of ours");
    EndAnswer end;
    if (killed->second == "yes") end.killed = Known::yes;
    if (killed->second == "no") end.killed = Known::no;
    end.reason = std::string(reason->second);
    return end;
}

}  // namespace vmc::model
