// SPDX-License-Identifier: Apache-2.0
#include "model/process_table.hpp"

namespace vmc::model {

constinit const std::string_view process_table_body = R"sh(
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
full='' most=50 within=''
is_full() {
    case $2 in '' | *[!0-9]*) return ;; esac
    [ "$((10 * $1))" -ge "$((9 * $2))" ] || return
    full="$full$3 $1 of $2; "
    [ "$(($1 / 2))" -gt "$most" ] && most=$(($1 / 2))
    within=$4
}
ours='' me='' mine=0
of "/proc/$$" && ours=$session me=$uid
set +f
for dir in /proc/[0-9]*; do
    of "$dir" && [ "$uid" = "$me" ] && mine=$((mine + 1))
done
set -f
while read -r group; do
    group=${group#*:}
    group=${group#*:}
    while case $group in /?*) true ;; *) false ;; esac; do
        for base in /sys/fs/cgroup /sys/fs/cgroup/pids; do
            [ -r "$base$group/pids.max" ] || continue
            read -r max <"$base$group/pids.max" && read -r total <"$base$group/pids.current" &&
                is_full "$total" "$max" "pids.max of $group" "$group"
        done
        group=${group%/*}
    done
done <"/proc/$$/cgroup"
[ "$me" = 0 ] || while IFS=$blanks read -r word second max _; do
    [ "$word $second" = 'Max processes' ] && is_full "$mine" "$max" "processes of user $me" user
done <"/proc/$$/limits"
# Builtins read a byte at a time, and the kernel gives of these one byte. The first 300 numbers are given out once.
IFS=$blanks read -r _ _ _ total _ </proc/loadavg
is_full "${total#*/}" "${vmc_threads_max:=$(cat /proc/sys/kernel/threads-max)}" threads-max all
: "${vmc_pid_max:=$(cat /proc/sys/kernel/pid_max)}"
case $vmc_pid_max in '' | *[!0-9]*) ;; *) is_full "${total#*/}" "$((vmc_pid_max - 300))" pid_max all ;; esac
# In question: its kind, or nothing.
kind_of() {
    kind=''
    of "$1" || return 1
    case $name in sshd* | systemd* | init) return 1 ;; esac
    [ "$session" != "$ours" ] || return 1
    [ "$me" = 0 ] || [ "$uid" = "$me" ] || return 1
    case $within in
        /*)
            inside=''
            while read -r group; do
                case $group in *":$within" | *":$within/"*) inside=yes ;; esac
            done <"$1/cgroup"
            [ -n "$inside" ] || return 1
            ;;
    esac
    case $by in session) kind=$uid:$session ;; *) kind=$uid:$name ;; esac
}
find_worst() {
    by=$1 kinds='' seen=''
    set +f
    for dir in /proc/[0-9]*; do
        kind_of "$dir" && kinds="$kinds$kind
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
worst=''
if [ -n "$full" ]; then
    find_worst session
    [ -n "$worst" ] || find_worst name
    [ -n "$worst" ] || printf 'none: %snothing of it is half of that\n' "$full"
else
    printf 'none: no limit is reached\n'
fi
each() {
    found=0
    set +f
    for dir in /proc/[0-9]*; do
        kind_of "$dir" && [ "$kind" = "$worst" ] || continue
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
    [ "$found" -gt 0 ] || printf 'none: '
    printf '%skilled %s of user:%s %s\n' "$full" "$found" "$by" "$worst"
fi
)sh";

}  // namespace vmc::model
