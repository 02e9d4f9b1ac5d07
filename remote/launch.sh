# shellcheck shell=sh
# Starts the supervisor of a job so that neither logout, nor sshd's end, nor logind ends it.
# start_supervisor ATTEMPT-DIRECTORY; does not return where it can help it: what follows is said by
# the supervisor itself, on our standard output, once the command can no longer be lost.

# Not with `&`: sh starts such children with INT and QUIT ignored, and so would be the job.
start_supervisor() {
    export VMC_PATH="$path_before" VMC_LC_ALL="$lc_before"
    case $launch in
        system | user | sudo) start_in_unit "$1" ;;
        session) ;;
        *) give_up not-durable 'logind would end the job at logout (KillUserProcesses), and lingering is not allowed' ;;
    esac
    [ "$setsid" != fork ] || exec setsid -f /bin/sh "$job/runner" "$1" "$end"
    # setsid(1) without --fork forks only for the leader of a group: proc(5) stat, field 5
    read_ticks "$$"
    # shellcheck disable=SC2086 # split into fields
    set -- "$1" ${stat##*) }
    [ "$4" != "$$" ] || exec setsid /bin/sh "$job/runner" "$1" "$end"
    setsid /bin/sh "$job/runner" "$1" "$end" &
    exit 0
}

# Outside of the login's cgroup. systemd-run's own exit status says nothing of the job.
start_in_unit() {
    unit="vmc-$id"
    [ "$1" = "$job" ] || unit="$unit-${1##*/}"
    how=''
    [ "$launch" != user ] || how=--user
    as=''
    [ "$launch" != sudo ] || as="sudo -n"
    uid=''
    [ "$launch" != sudo ] || uid="--uid=$(id -un)"
    : "${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"
    export XDG_RUNTIME_DIR
    # The environment goes by a file: it may hold anything, and an argument can be seen by others.
    export -p >"$1/environment"
    # shellcheck disable=SC2086,SC2016 # words that may be empty; expanded over there
    said=$($as systemd-run $how $uid --quiet --collect --unit="$unit" --property=Type=exec --property=KillMode=process \
        --property=SendSIGHUP=no /bin/sh -c '. "$1/environment"; cd; exec /bin/sh "$2" "$1" -' sh "$1" "$job/runner" \
        2>&1 </dev/null) || give_up not-durable "systemd-run: $said"
    waited=0
    while [ ! -e "$1/start" ] && [ ! -e "$1/buried" ] && [ "$waited" -lt 50 ]; do
        nap 0.1
        waited=$((waited + 1))
    done
    [ -e "$1/start" ] || give_up not-started 'systemd took the job and did not start it'
    tell submitted now
    finish
}
