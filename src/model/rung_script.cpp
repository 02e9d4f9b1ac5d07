// SPDX-License-Identifier: Apache-2.0
#include "model/rung_script.hpp"

#include <algorithm>
#include <array>

#include "model/key_values.hpp"
#include "model/process_table.hpp"
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
const std::array mends = {
    Mends{"sshd-down", sshd_body, restart_words},
    Mends{"sshd-hung", sshd_body, restart_words},
    Mends{"port-rejected", way_body, way_words},
    Mends{"port-filtered", way_body, way_words},
    Mends{"fork-failure", process_table_body, "stop and kill what fills the process table"},
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
