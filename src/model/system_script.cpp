// SPDX-License-Identifier: Apache-2.0
// What is asked on the VM; system_report.cpp reads the answers.
#include "model/system_report.hpp"

namespace vmc::model {
namespace {

constexpr std::string_view cheap = R"sh(
if command -v timeout >/dev/null; then bounded() { timeout 5 "$@"; }; else bounded() { "$@"; }; fi
one_line() {
    v=
    read -r v <"$2" && printf '%s=%s\n' "$1" "$v"
}
one_line uptime /proc/uptime
one_line load /proc/loadavg
one_line cpus /sys/devices/system/cpu/online
# Not by read: a sysctl of numbers gives its first read only, and dash reads byte by byte.
printf 'taint=%s\n' "$(cat /proc/sys/kernel/tainted)"
while read -r name v rest; do
    case $name in MemTotal: | MemAvailable: | SwapTotal: | SwapFree:) printf '%s=%s\n' "${name%:}" "$v" ;; esac
done </proc/meminfo
for name in memory io; do
    while read -r kind v rest; do
        [ "$kind" = full ] && printf 'psi_%s=%s\n' "$name" "${v#avg10=}"
    done <"/proc/pressure/$name"
done
while read -r _ where type options _; do
    [ "$where" = / ] && printf 'root=%s %s\n' "$type" "$options"
done </proc/mounts
if [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ]; then echo reboot=yes; else echo reboot=no; fi
printf 'clock=%s\n' "$(date +%s)"

set +f
set -- /proc/[0-9]*
set -f
printf 'processes=%s\n' "$#"
seen=0 blocked=0 zombies=0
for p; do
    [ "$seen" -lt 2000 ] || break
    v=
    read -r v <"$p/stat" || continue
    seen=$((seen + 1))
    case ${v##*) } in D*) blocked=$((blocked + 1)) ;; Z*) zombies=$((zombies + 1)) ;; esac
done
printf 'blocked=%s\nzombies=%s\n' "$blocked" "$zombies"
)sh";

constexpr std::string_view costly = R"sh(
dir=${XDG_STATE_HOME:-$HOME/.local/state}/vm-connection
[ -w /var/lib ] && dir=/var/lib/vm-connection
[ -d "$dir" ] || { if [ -w /var/lib ]; then dir=/var/lib; else dir=$HOME; fi; }
space() {
    bounded df -P "$1" "$2" | {
        read -r _
        read -r _ all _ left _ && printf '%s=%s %s\n' "$3" "$all" "$left"
    }
}
space -k / space_root
space -k "$dir" space_state
space -i / inodes_root
space -i "$dir" inodes_state
if [ -d /run/systemd/system ] && v=$(bounded systemctl list-units --state=failed --no-legend --plain); then
    # shellcheck disable=SC2086 # split into words; globbing is off
    set -- $v
    printf 'failed_units=%s\n' "$(printf '%s' "$v" | grep -c .)"
    printf 'failed_unit=%s\n' "${1-}"
fi
v=$(bounded dmesg | tail -c 262144)
if [ -n "$v" ]; then
    printf 'klog=%s\n' "$(printf '%s\n' "$v" |
        grep -E 'Oops|BUG:|Kernel panic|blocked for more than|soft lockup|Out of memory|oom-kill|I/O error|Remounting filesystem read-only' |
        tail -n 1 | cut -c 1-200)"
fi
centiseconds() {
    read -r v rest </proc/uptime
    now=${v%.*}${v#*.}
}
umask 077
file=$dir/.vm-connection-probe-$mark
centiseconds
began=$now
dd if=/dev/zero of="$file" bs=4096 count=1 conv=fsync >/dev/null &
writer=$!
waited=0
while kill -0 "$writer" && [ "$waited" -lt 500 ]; do
    if sleep 0.01; then waited=$((waited + 1)); else
        sleep 1
        waited=$((waited + 100))
    fi
    # An sshd with a ChannelTimeout ends who is silent.
    [ $((waited % 50)) -ne 0 ] || echo
done
if kill -0 "$writer"; then
    kill -KILL "$writer"
    rm -f "$file" >/dev/null &
    echo write=stuck
elif wait "$writer"; then
    centiseconds
    rm -f "$file"
    printf 'write=%s\n' "$((now - began))"
else
    rm -f "$file"
    echo write=failed
fi
)sh";

}  // namespace

std::string system_script(std::string_view nonce) {
    return framed(std::string(cheap.substr(1)) + "mark=" + std::string(nonce) + std::string(costly), nonce);
}

}  // namespace vmc::model
