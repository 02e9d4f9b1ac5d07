# shellcheck shell=sh
# What is known of a job, from its records. Only reads.

records() {
    count=0
    while [ "$count" -lt 64 ] && IFS= read -r line; do
        case $line in *[!\ ]*) printf '%s.%s\n' "$2" "$line" ;; esac
        count=$((count + 1))
    done <"$1"
}

# Sets attempt to the directory of the last attempt of $job, and attempts to their number.
last_attempt() {
    attempt=$job
    attempts=1
    while [ -d "$job/attempts/$attempts" ]; do
        attempt=$job/attempts/$attempts
        attempts=$((attempts + 1))
    done
}

last_beat() {
    beat=
    for file in "$1/beat.0" "$1/beat.1"; do
        [ -r "$file" ] || continue
        last=$(tail -n 1 "$file" 2>/dev/null)
        if ! [ "${last%% *}" -le "${beat%% *}" ] 2>/dev/null; then beat=$last; fi
    done
    tell beat "$beat"
}

describe() {
    job=$root/$1
    tell job "$1"
    if ! is_ours "$job"; then
        tell foreign "$unsafe"
        return
    fi
    [ ! -e "$job/request" ] || records "$job/request" request
    last_attempt
    tell attempts "$attempts"
    [ "$attempts" = 1 ] || tell claimed "$(first_line "$attempt.boot")"
    [ ! -e "$attempt/start" ] || records "$attempt/start" start
    # A result counts once a power cut cannot take it away any more: its supervisor has left a mark, or has let
    # go of the lock. The lock is asked before the result: who lets go has written the result before.
    if [ ! -e "$attempt/kept" ] && held "$attempt/lock"; then
        tell held yes
    elif [ -e "$job/result" ]; then
        records "$job/result" result
    fi
    for mark in buried grave going ready open ended mark full unkept cleanup-wanted cleanup-begun \
        armed confirmed reverting reverted; do
        [ ! -e "$attempt/$mark" ] && [ ! -e "$job/$mark" ] || tell "$mark" yes
    done
    read_size "$job/out"
    tell out_size "$size"
    read_size "$job/err"
    tell err_size "$size"
    [ -e "$attempt/kept" ] || last_beat "$attempt"
}

describe_vm() {
    read_clocks
    tell boot "$boot_now"
    tell up "$up_now"
    tell wall "$wall_now"
    tell machine "$(first_line /etc/machine-id)"
    is_ours "$root" || refuse unsafe-root "$unsafe"
}
