// SPDX-License-Identifier: Apache-2.0
#include "model/rung_script.hpp"

#include <algorithm>
#include <array>

#include "model/key_values.hpp"
#include "model/quote.hpp"
#include "model/script.hpp"

namespace vmc::model {
namespace {

constexpr std::string_view means_body = R"sh(
uid=
while read -r key value _; do
    [ "$key" = Uid: ] && uid=$value
done </proc/self/status
[ -n "$uid" ] || uid=$(id -u)
printf 'uid=%s\n' "$uid"
[ "$uid" = 0 ] || { sudo -n true && printf 'sudo=yes\n'; }
)sh";

// A listener that was stopped goes on; else it is started anew, by who started it. Sessions there are stay: sshd is
// its own parent's only (KillMode=process), and this one is ours.
constexpr std::string_view sshd_body = R"sh(
if command -v timeout >/dev/null; then bounded() { timeout 30 "$@"; }; else bounded() { "$@"; }; fi
set +f
woken=
for dir in /proc/[0-9]*; do
    line=
    read -r line <"$dir/stat" || continue
    case $line in *"(sshd) T "*) kill -CONT "${dir#/proc/}" && woken=$dir && printf 'woke %s\n' "${dir#/proc/}" ;; esac
done
set -f
start() {
    if [ -d /run/systemd/system ]; then
        for unit in ssh.service sshd.service; do
            systemctl cat "$unit" >/dev/null || continue
            systemctl reset-failed "$unit"
            bounded systemctl restart "$unit" && printf 'systemctl restart %s\n' "$unit" && return
        done
    fi
    for service in ssh sshd; do
        if command -v rc-service >/dev/null && rc-service -e "$service"; then
            bounded rc-service "$service" restart >/dev/null && printf 'rc-service %s restart\n' "$service" && return
        elif [ -x "/etc/init.d/$service" ]; then
            bounded "/etc/init.d/$service" restart >/dev/null && printf '/etc/init.d/%s restart\n' "$service" && return
        fi
    done
    for file in /run/sshd.pid /var/run/sshd.pid; do
        pid=
        read -r pid <"$file" && case $pid in *[!0-9]* | '') ;; *) kill -KILL "$pid" ;; esac
    done
    mkdir -p /run/sshd
    program=$(command -v sshd || echo /usr/sbin/sshd)
    "$program" && printf 'started %s\n' "$program"
}
[ -n "$woken" ] || start
)sh";

// A rule for us alone, in front of all others: nobody's rules are touched, and it goes with the next boot.
constexpr std::string_view way_body = R"sh(
peer=${SSH_CONNECTION%% *} port=${SSH_CONNECTION##* }
family=ip
case $peer in *:*) family=ip6 ;; '' | *[!0-9.]*) peer= ;; esac
if [ -n "$peer" ] && command -v fail2ban-client >/dev/null; then
    for jail in $(fail2ban-client status | sed -n 's/.*Jail list:[[:space:]]*//p' | tr -d ,); do
        n=$(fail2ban-client set "$jail" unbanip "$peer") && [ "$n" != 0 ] && printf 'fail2ban %s: unbanned\n' "$jail"
    done
fi
if [ -n "$peer" ] && command -v nft >/dev/null; then
    nft list chains | while read -r word a b _; do
        case $word in
            table) table="$a $b" ;;
            chain) chain=$a ;;
            type)
                case $table in "ip "* | "ip6 "* | "inet "*) ;; *) continue ;; esac
                case $a,$b in filter,hook) ;; *) continue ;; esac
                nft list chain $table "$chain" | grep -q 'hook \(input\|prerouting\)' || continue
                nft insert rule $table "$chain" "$family" saddr "$peer" tcp dport "$port" accept &&
                    printf 'nft: accept in front of %s %s\n' "$table" "$chain"
                ;;
        esac
    done
fi
tables=iptables
[ "$family" = ip ] || tables=ip6tables
if [ -n "$peer" ] && command -v "$tables" >/dev/null; then
    "$tables" -I INPUT 1 -s "$peer" -p tcp --dport "$port" -j ACCEPT && printf '%s: accept in front\n' "$tables"
fi
)sh";

// Only builtins: nothing else starts any more. First it is proven that a limit is reached (nine tenths of it): of the
// kernel, of our user, of a control group around us. The session of one user with more than fifty processes, and more
// than any other, is stopped whole, so that it does not fill up again, and then killed; where each has a session of its
// own, what has one user and name. Not ourselves, who may bear the same name.
constexpr std::string_view processes_body = R"sh(
blanks=$IFS
IFS='
'
of() {
    line='' uid=''
    read -r line <"$1/stat" || return 1
    case ${line##*) } in Z* | X* | ?' 2 '*) return 1 ;; esac
    name=${line#*(}
    name=${name%)*}
    session=${line##*) }
    session=${session#* * * }
    session=${session%% *}
    while IFS=$blanks read -r key value _; do
        [ "$key" = Uid: ] && uid=$value && break
    done <"$1/status"
}
kind() {
    case $by in session) kind=$uid:$session ;; *) kind=$uid:$name ;; esac
}
find_worst() {
    by=$1 kinds='' most=50 worst='' seen=''
    set +f
    for dir in /proc/[0-9]*; do
        of "$dir" || continue
        case $name in sshd* | systemd* | init) continue ;; esac
        [ "$session" = "$ours" ] && continue
        kind
        kinds="$kinds$kind
"
    done
    set -f
    for one in $kinds; do
        case $seen in *"<$one>"*) continue ;; esac
        seen="$seen<$one>" n=0
        for other in $kinds; do
            [ "$one" = "$other" ] && n=$((n + 1))
        done
        [ "$n" -gt "$most" ] && most=$n worst=$one
    done
}
is_full() {
    case $2 in '' | *[!0-9]*) return ;; esac
    [ "$((10 * $1))" -lt "$((9 * $2))" ] || full="$full$3 $1 of $2; "
}
full='' ours='' me='' mine=0
of "/proc/$$" && ours=$session me=$uid
IFS=$blanks read -r _ _ _ total _ </proc/loadavg
# Builtins read a byte at a time, and the kernel gives of these one byte.
is_full "${total#*/}" "${vmc_threads_max:=$(cat /proc/sys/kernel/threads-max)}" threads-max
# The first 300 numbers are given out once.
: "${vmc_pid_max:=$(cat /proc/sys/kernel/pid_max)}"
case $vmc_pid_max in '' | *[!0-9]*) ;; *) is_full "${total#*/}" "$((vmc_pid_max - 300))" pid_max ;; esac
set +f
for dir in /proc/[0-9]*; do
    of "$dir" && [ "$uid" = "$me" ] && mine=$((mine + 1))
done
set -f
while IFS=$blanks read -r word second max _; do
    [ "$word $second" = 'Max processes' ] && is_full "$mine" "$max" "processes of user $me"
done <"/proc/$$/limits"
while read -r group; do
    group=${group##*:}
    while [ -n "$group" ]; do
        for base in /sys/fs/cgroup /sys/fs/cgroup/pids; do
            [ -r "$base$group/pids.max" ] || continue
            read -r max <"$base$group/pids.max" && read -r total <"$base$group/pids.current" &&
                is_full "$total" "$max" "pids.max of $group"
        done
        group=${group%/*}
    done
done <"/proc/$$/cgroup"
worst=''
if [ -n "$full" ]; then
    find_worst session
    [ -n "$worst" ] || find_worst name
fi
each() {
    found=0
    set +f
    for dir in /proc/[0-9]*; do
        of "$dir" && kind && [ "$kind" = "$worst" ] && [ "$session" != "$ours" ] || continue
        case $name in sshd* | systemd* | init) continue ;; esac
        case $1,${line##*) } in STOP,T*) continue ;; esac
        kill "-$1" "${dir#/proc/}" && found=$((found + 1))
    done
    set -f
}
if [ -n "$worst" ]; then
    for pass in 1 2 3 4 5 6 7 8 9 10; do
        each STOP
        [ "$found" -gt 0 ] || break
    done
    each KILL
    printf '%skilled %s of user:%s %s\n' "$full" "$found" "$by" "$worst"
fi
)sh";

constexpr std::string_view reboot_body = R"sh(
printf 'ordered\n'
if [ -d /run/systemd/system ]; then systemctl reboot; else shutdown -r now || reboot; fi
)sh";

// Two seconds for what sync cannot say when it is done: the trigger only asks for it.
constexpr std::string_view sysrq_body = R"sh(
p=
read -r p </proc/sys/kernel/panic
[ "$p" = 0 ] && printf 5 >/proc/sys/kernel/panic
printf 1 >/proc/sys/kernel/sysrq
printf s >/proc/sysrq-trigger && printf 'sync\n'
sleep 2
printf c >/proc/sysrq-trigger
)sh";

struct Mends {
    std::string_view cause;
    std::string_view body;
    std::string_view words;
};
constexpr std::string_view restart_words = "wake or restart sshd, by the init system that is found";
constexpr std::string_view way_words = "unban us, and a rule in front of all others that lets us in";
constexpr std::array mends = {
    Mends{"sshd-down", sshd_body, restart_words},
    Mends{"sshd-hung", sshd_body, restart_words},
    Mends{"port-rejected", way_body, way_words},
    Mends{"port-filtered", way_body, way_words},
    Mends{"fork-failure", processes_body, "stop and kill what fills the process table"},
};

const Mends* what_mends(std::string_view cause) {
    const auto* const found = std::ranges::find(mends, cause, &Mends::cause);
    return found == mends.end() ? nullptr : found;
}

/// As root, whoever is logged in; SSH_CONNECTION is what sudo would drop.
std::string as_root(std::string_view body, const Means& means, std::string_view nonce) {
    if (means.root) return framed(body, nonce);
    return framed("\nsudo -n -- env SSH_CONNECTION=\"$SSH_CONNECTION\" LC_ALL=C /bin/sh -fc " +
                      quote("\n" + std::string(body)) + "\n",
                  nonce);
}

}  // namespace

std::string means_script(std::string_view nonce) { return framed(means_body, nonce); }

Result<Means> parse_means(std::string_view printed, std::string_view nonce) {
    const auto answer = answer_of(printed, nonce);
    if (!answer) return std::unexpected(answer.error());
    const auto values = key_values(*answer);
    const auto is = [&](std::string_view key, std::string_view value) {
        const auto found = values.find(key);
        return found != values.end() && found->second == value;
    };
    Means means;
    means.root = is("uid", "0");
    means.sudo = is("sudo", "yes");
    return means;
}

std::string rung_script(Rung rung, std::string_view cause, const Means& means, std::string_view nonce) {
    if (rung == Rung::reboot) return as_root(reboot_body, means, nonce);
    if (rung == Rung::sysrq) return as_root(sysrq_body, means, nonce);
    const auto* const mend = rung == Rung::repair ? what_mends(cause) : nullptr;
    return mend == nullptr ? std::string{} : as_root(mend->body, means, nonce);
}

std::string rung_words(Rung rung, std::string_view cause) {
    const auto* const mend = what_mends(cause);
    switch (rung) {
        case Rung::look_again: return "look at it once more";
        case Rung::repair: return mend == nullptr ? std::string{} : std::string(mend->words);
        case Rung::reboot: return "reboot in order, over SSH (systemctl reboot, or shutdown -r now)";
        case Rung::sysrq: return "sysrq: sync, then a panic that pstore keeps and that starts it anew";
        default: return {};
    }
}

std::string evidence_script(std::string_view what, const Means& means, std::string_view nonce) {
    std::string_view body;
    if (what == "kernel-log") body = "\ndmesg | tail -c 200000\n";
    if (what == "journal-before") body = "\njournalctl -q --no-pager -b -1 -n 2000 | tail -c 200000\n";
    if (what == "pstore")
        body =
            "\nset +f\nfor file in /sys/fs/pstore/* /var/lib/systemd/pstore/*/*; do\n"
            "    [ -f \"$file\" ] && printf '== %s\\n' \"$file\" && tail -c 60000 \"$file\"\ndone | tail -c 200000\n";
    if (what == "jobs")
        body =
            "\nset +f\nfor dir in /var/lib/vm-connection/jobs/*; do\n    [ -d \"$dir\" ] || continue\n"
            "    printf '== %s\\n' \"${dir##*/}\"\n    tail -c 2000 \"$dir/start\" \"$dir/end\"\ndone | tail -c "
            "200000\n";
    return means.as_root() ? as_root(body, means, nonce) : framed(body, nonce);
}

}  // namespace vmc::model
