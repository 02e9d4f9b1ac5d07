# shellcheck shell=sh
# The output of a job as it comes: stdout on our stdout, stderr on our stderr, each after a line with
# the nonce. Ends when the supervisor has let go, or after `patience` seconds; what is still missing then
# is for `look`. Between any two bytes of stderr stand signs of life, each after a byte 036 and the nonce.
# Input: root, id, from_out, from_err, held_out, held_err (what is there already), patience.
# Descriptor 3 is the channel's stderr.

# stream FILE OFFSET: what is there, then what comes.
stream() {
    at=$2 idle=0
    while :; do
        read_size "$1"
        # tail reads 8 KiB at a time: it is for what comes, not for what is there.
        case $ended-$tail in
            no-*coreutils*) [ "$((size - at))" -gt 1000000 ] || exec tail -c "+$((at + 1))" -f "$1" ;;
        esac
        if [ "$size" -gt "$at" ]; then
            dd if="$1" bs=131072 iflag=skip_bytes,count_bytes skip="$at" count="$((size - at))" 2>/dev/null || exit 1
            at=$size idle=0
            continue
        fi
        # busybox tail cannot go past 4 GiB, and looks once a second as well.
        [ "$ended" = no ] && [ ! -e "$job/result" ] || exit 0
        idle=$((idle + 1))
        [ "$((idle % 25))" != 0 ] || held "$attempt/lock" || exit 0
        nap 0.2
    done
}

# Waits until process $1 has read $2 to its end. tail looks at it as descriptor 3, and has not begun
# before it has that one.
drained() {
    while [ -d "/proc/$1" ]; do
        word='' position=0
        read -r word position <"/proc/$1/fdinfo/3"
        if [ "$word" = pos: ]; then
            read_size "$2"
            [ "$position" -lt "$size" ] || return
        fi
        nap 0.05
    done
}

# While the watcher has the lock open, which somebody holds then. In one write each, so that none is torn
# apart. When nobody hears it nobody follows any more. Its sleep has no descriptor of the channel: it may be
# there for half a second after us.
pulse() {
    trap '' PIPE
    while :; do
        if [ -e "/proc/$watcher/fd/4" ]; then
            read_clocks
            printf '\036vmc-beat-%s %s %s\n' "$end" "$boot_now" "$wall_now" >&3 || break
        fi
        nap 0.5 3>&-
    done
    kill "$watcher"
}

job=$root/$id
is_ours "$job" || refuse unsafe-root "$unsafe"
last_attempt
[ -e "$job/out" ] || refuse absent 'there is no such job'
# at_least NAME OFFSET WORD
at_least() {
    [ "$2" != 0 ] || return
    read_size "$job/$1"
    [ "$size" -ge "$2" ] || refuse shorter "$3=$size"
}

at_least out "$held_out" stdout
at_least err "$held_err" stderr
ended=no tail=
if [ -e "$job/result" ]; then ended=yes; else tail=$(tail --version 2>/dev/null); fi
printf '\n%s\n' "vmc-data-$end"
printf '\n%s\n' "vmc-data-$end" >&3
stream "$job/out" "$from_out" 3>&- &
out=$!
stream "$job/err" "$from_err" >&3 3>&- &
err=$!
if [ "$ended" = yes ]; then
    wait "$out" "$err"
    exit 0
fi
# Whoever reads the lock reads its end the moment its holder is gone. Who comes too late to open it would
# wait for ever: such a one does not ignore USR1 yet.
(
    exec 4<"$attempt/lock"
    trap '' USR1
    exec cat <&4
) >/dev/null 3>&- &
watcher=$!
(
    nap 0.3
    kill -USR1 "$watcher"
) >/dev/null 3>&- &
nudge=$!
(
    trap 'kill "$!"; exit' TERM
    sleep "$patience" &
    wait "$!"
    kill "$watcher"
) >/dev/null 3>&- &
timer=$!
pulse >/dev/null &
pulse=$!
wait "$watcher"
# Not TERM: a shell that has just been forked still has our handler for it, and would go on.
kill -KILL "$nudge" "$pulse"
if [ -e "$job/result" ] || ! held "$attempt/lock"; then
    drained "$out" "$job/out"
    drained "$err" "$job/err"
fi
kill -KILL "$out" "$err"
kill "$timer"
exit 0
