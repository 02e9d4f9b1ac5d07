# shellcheck shell=sh
# The last step before the command: sh runner ATTEMPT-DIRECTORY start (then: elevated). Becomes it.

# What it has in a login: PATH and LC_ALL, the umask, the home.
as_in_login() {
    PATH=$VMC_PATH
    if [ "$VMC_LC_ALL" = - ]; then unset LC_ALL; else LC_ALL=$VMC_LC_ALL; fi
    umask "$VMC_UMASK"
    unset VMC_PATH VMC_LC_ALL VMC_UMASK
    cd "${HOME:-/}" || cd /
}

begin() {
    if [ "$mode" = start ]; then
        [ ! -e "$job/stdin" ] || exec <"$job/stdin"
        exec >>"$job/out" 2>>"$job/err" 9>&-
        enter_cgroup
        read_ticks "$$"
        printf '%s %s\n' "$$" "$ticks" 1<>"$attempt/pid"
        # Ended before it began.
        [ -e "$attempt/open" ] || exit 143
        as_in_login
        [ -z "$cwd" ] || cd "$cwd" || exit 125
        # dash exports it.
        unset OLDPWD
        # sudo has a PATH of its own, and keeps the directory.
        [ -z "$as" ] || exec $as /bin/sh "$job/runner" "$attempt" elevated
    fi
    export VMC_JOB="$id" VMC_JOB_DIRECTORY="$job" VMC_MARK_FILE="$job/mark" VMC_REBOOT_COUNT="$number_of_attempt"
    environment
    trap - HUP INT QUIT TERM PIPE
    exec /bin/sh -c "$command"
}
