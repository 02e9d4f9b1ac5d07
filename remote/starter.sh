# shellcheck shell=sh
# The last step before the command: sh runner ATTEMPT-DIRECTORY start (then: elevated). Becomes it.
begin() {
    if [ "$mode" = start ]; then
        [ ! -e "$job/stdin" ] || exec <"$job/stdin"
        exec >>"$job/out" 2>>"$job/err" 9>&-
        read_ticks "$$"
        printf '%s %s\n' "$$" "$ticks" 1<>"$attempt/pid"
        # Ended before it began.
        [ -e "$attempt/open" ] || exit 143
        [ -z "$as" ] || exec $as /bin/sh "$job/runner" "$attempt" elevated
    fi
    cd "${HOME:-/}" || cd /
    [ -z "$cwd" ] || cd "$cwd" || exit 125
    PATH=$VMC_PATH
    if [ "$VMC_LC_ALL" = - ]; then unset LC_ALL; else LC_ALL=$VMC_LC_ALL; fi
    unset VMC_PATH VMC_LC_ALL
    export VMC_JOB="$id" VMC_JOB_DIRECTORY="$job" VMC_MARK_FILE="$job/mark" VMC_REBOOT_COUNT="$number_of_attempt"
    environment
    trap - HUP INT QUIT TERM PIPE
    exec /bin/sh -c "$command"
}
