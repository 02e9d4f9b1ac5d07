# shellcheck shell=sh
# The supervisor: sh runner ATTEMPT-DIRECTORY NONCE. Runs the command in its foreground, so that the
# shell itself tells a signal from an exit code, and writes down how it ended. A warden beside it keeps
# the pulse and looks at limits. The client has set job, id, sync, incarnation, command, cwd, limit (s),
# cap (bytes), grace (s), as, cleanup and the function environment; 0 or nothing: none.

write_start() {
    read_clocks
    started_up=$up_now
    read_ticks "$$"
    printf '%s=%s\n' boot "$boot_now" up "$up_now" wall "$wall_now" supervisor "$$" ticks "$ticks" \
        attempt "$number_of_attempt" sync "$sync" connection "${SSH_CONNECTION:-}" incarnation "$incarnation" \
        >"$attempt/start.tmp" || return 1
    durable "$attempt/start.tmp" || return 1 # fsync: start
    mv "$attempt/start.tmp" "$attempt/start" || return 1
    # And a file, any: an XFS that has just been shut down says yes to an fsync of a directory, and no to one of a file.
    durable "$attempt" "$attempt/open" || return 1 # fsync: start-name
}

# Full: 64 KiB find no room. Not one block: ext4 gives back as much when it writes out what it had
# only reserved, a moment after the command's own write has failed. Never synced, so it seldom reaches the disk.
look_for_room() {
    room="$attempt/room"
    { printf '%65536s' '' >"$room"; } 2>/dev/null || room="$attempt/full"
    printf '' >"$room"
}

# One line a second into one of two files in turn: at least the last minute is always there.
beat() {
    [ "$((sequence % 64))" != 0 ] || printf '' >"$attempt/beat.$((sequence / 64 % 2))"
    printf '%s %s %s %s\n' "$sequence" "$boot_now" "$up_now" "$wall_now" >>"$attempt/beat.$((sequence / 64 % 2))"
    [ "$((sequence % 10))" != 0 ] || durable "$attempt/beat.$((sequence / 64 % 2))" "$attempt"
    sequence=$((sequence + 1))
}

# Whoever moves this file away decides how the command ended: the command itself, or the warden.
decide() { mv "$attempt/open" "$attempt/ended" 2>/dev/null; }

end_because() {
    decide || exit 0
    end_tree "$grace"
    printf 'why=%s\nkilled=%s\nescaped=%s\n' "$1" "$killed" "$escaped" 1<>"$attempt/why"
    exit 0
}

too_much() {
    [ "$cap" -gt 0 ] || return 1
    read_size "$job/out"
    total=$size
    read_size "$job/err"
    [ "$((total + size))" -gt "$cap" ]
}

orphaned() {
    read -r stat </proc/self/stat || { ! kill -0 "$supervisor" 2>/dev/null; return; }
    # shellcheck disable=SC2086 # split into fields
    set -- ${stat##*) }
    [ "$2" != "$supervisor" ]
}

# In one piece, or in five where the output has a limit.
pass_a_second() {
    pieces=1 piece=1
    if [ "$cap" -gt 0 ] && sleep 0.01 2>/dev/null; then pieces=5 piece=0.2; fi
    while [ "$pieces" -gt 0 ]; do
        sleep "$piece" &
        pause=$!
        wait "$pause"
        ! too_much || end_because output-cap
        pieces=$((pieces - 1))
    done
}

warden() {
    supervisor=$1
    sequence=0
    ticked=0
    trap 'kill "$pause" 2>/dev/null; exit 0' TERM
    # Until it has ended: ash may lose a TERM that comes before the trap is set.
    while [ -e "$attempt/open" ]; do
        read_clocks
        [ -n "$up_now" ] || up_now=$((started_up + ticked))
        beat
        look_for_room
        [ ! -e "$attempt/cancel" ] || end_because cancelled
        # Both were rounded down: one second more, or it would end before its time.
        if [ "$limit" -gt 0 ] && [ "$((up_now - started_up))" -gt "$limit" ]; then end_because timeout; fi
        pass_a_second
        ticked=$((ticked + 1))
        ! orphaned || exit 0
    done
    exit 0
}

# What the shell said of its foreground child: a signal has a word. For INT and PIPE no shell has one, and
# mksh has none for those that it has a trap for.
judge() {
    state=exited signal=''
    [ "$code" -gt 128 ] || return
    read -r words <"$attempt/said"
    number=$((code - 128))
    [ "$code" -le 256 ] || number=$((code - 256))
    name=$(kill -l "$number" 2>/dev/null) || return
    if [ -n "$words" ]; then
        state=signalled
        signal=${name#SIG}
        [ "$code" -le 256 ] || code=$((code - 128))
        return
    fi
    case $code-${KSH_VERSION:-} in
        130-* | 141-* | 129-?* | 143-?*) signal=unknown ;;
    esac
}

# Whoever ends everything before a reboot ends us with it. Where there is systemd it is asked: it also ends us
# when our unit or our user is ended. One that answers nobody any more is going.
shutting_down() {
    if [ ! -d /run/systemd/system ]; then
        stopping=$told_to_end
        return
    fi
    case $(timeout 3 systemctl is-system-running 2>/dev/null) in
        stopping) stopping=yes ;;
        unknown | '') stopping=$told_to_end ;;
    esac
}

write_result() {
    why='' killed='' escaped='' full='' durability=kept
    if [ -n "$overruled" ]; then
        while IFS= read -r word; do
            case $word in
                why=*) why=${word#why=} ;;
                killed=*) killed=${word#killed=} ;;
                escaped=*) escaped=${word#escaped=} ;;
            esac
        done <"$attempt/why"
    fi
    # Before the sync, which gives back what ext4 had reserved for more than it needed.
    look_for_room
    durable "$job/out" "$job/err" || durability=lost # fsync: output
    [ ! -e "$attempt/full" ] || full=yes
    read_size "$job/out"
    out_bytes=$size
    read_size "$job/err"
    read_clocks
    printf '%s=%s\n' state "$state" code "$code" signal "$signal" why "$why" killed "$killed" escaped "$escaped" \
        out_bytes "$out_bytes" err_bytes "$size" durability "$durability" full "$full" during_shutdown "$stopping" \
        boot "$boot_now" up "$up_now" wall "$wall_now" attempt "$number_of_attempt" written yes 1<>"$job/result.tmp"
    durable "$job/result.tmp" || printf '' >"$attempt/unkept" # fsync: result
    mv "$job/result.tmp" "$job/result"
    durable "$job" || printf '' >"$attempt/unkept" # fsync: result-name
    printf '' >"$attempt/kept"
}

clean_up() {
    [ -n "$cleanup" ] || return
    mv "$job/cleanup-wanted" "$job/cleanup-begun" 2>/dev/null || return
    durable "$job" # fsync: cleanup
    (as_in_login; VMC_JOB_STATE=$state exec /bin/sh -c "$cleanup") </dev/null >>"$job/cleanup.out" 2>&1
    printf '%s\n' "$?" >"$job/cleanup-done"
}

supervise() {
    number_of_attempt=0
    [ "$attempt" = "$job" ] || number_of_attempt=${attempt##*/}
    exec 9<>"$attempt/lock"
    mv "$attempt/ready" "$attempt/going" 2>/dev/null || return
    [ ! -e "$job/grave" ] || return
    write_start || { tell refused no-sync; tell why 'the start cannot be made durable'; return; }
    # Armed before the command begins, and not our child's business: it outlives us. A reboot has ended the
    # switch of an earlier attempt.
    if [ -e "$job/armed" ]; then
        setsid /bin/sh "$job/runner" "$attempt" switch >/dev/null 9>&- &
    fi
    tell submitted now
    printf '\n%s\n' "vmc-end-$end"
    exec >/dev/null
    set +f
    make_cgroup
    told_to_end=
    trap 'told_to_end=yes' TERM
    warden "$$" 9>&- &
    warden=$!
    # The child redirects its own streams: dash would say what it has to say into a stream redirected here.
    exec 2<>"$attempt/said"
    setsid /bin/sh "$job/runner" "$attempt" start
    code=$?
    exec 2>/dev/null
    # What writes down how it ended is not to be ended half-way.
    trap '' TERM
    overruled=
    if decide; then kill "$warden" 2>/dev/null; else overruled=yes; fi
    wait "$warden" 2>/dev/null
    judge
    stopping=
    if [ "$code" -gt 128 ] || { [ "$code" != 0 ] && [ -n "$told_to_end" ]; }; then shutting_down; fi
    write_result
    trap - TERM
    exec 9>&-
    # It may be entered again after the reboot; else whoever comes next cleans up.
    [ -z "$stopping" ] || return
    clean_up
    # A switch that is still armed reads it.
    [ -e "$job/armed" ] || rm -f "$job/runner"
    rm -f "$job/stdin"
}
