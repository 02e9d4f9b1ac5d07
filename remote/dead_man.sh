# shellcheck shell=sh
# The dead man's switch: sh runner ATTEMPT-DIRECTORY switch, in a session of its own, armed before the
# command begins. When nobody has confirmed within $within seconds of the start, $revert is run. Who moves
# `armed` away decides.
keep_watch() {
    read_clocks
    begun=${up_now:-0} passed=0
    while [ -e "$job/armed" ]; do
        # Of times that were rounded down: one second more, or it would be before its time.
        if [ "$passed" -gt "$within" ]; then
            mv "$job/armed" "$job/reverting" 2>/dev/null || return
            durable "$job"
            (as_in_login; cd / && exec /bin/sh -c "$revert") </dev/null >"$job/revert.out" 2>&1
            printf '%s\n' "$?" >"$job/revert-code"
            mv "$job/reverting" "$job/reverted"
            durable "$job"
            return
        fi
        sleep 1
        read_clocks
        if [ -n "$up_now" ]; then passed=$((up_now - begun)); else passed=$((passed + 1)); fi
    done
}
