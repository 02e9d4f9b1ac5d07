# shellcheck shell=sh
# Starts the supervisor of a job so that neither logout, nor sshd's end, nor logind ends it.

# Whether logind will end what this login leaves behind (KillUserProcesses). It knows the login by its cgroup:
# who came without PAM has none that logind would end.
is_doomed() {
    [ -d /run/systemd/system ] && [ -r /proc/self/cgroup ] || return 1
    login=
    while read -r line; do
        case $line in */session-*.scope) login=yes ;; esac
    done </proc/self/cgroup
    [ -n "$login" ] || return 1
    # A logind that does not say so may kill.
    logind=$(timeout 10 loginctl show-session -p KillUserProcesses -p KillExcludeUsers -p KillOnlyUsers 2>/dev/null) ||
        logind=KillUserProcesses=yes
    kills='' spared='' only='' name=$(id -un) IFS='
'
    for line in $logind; do
        case $line in
            KillUserProcesses=yes) kills=yes ;;
            KillExcludeUsers=*) spared=${line#*=} ;;
            KillOnlyUsers=*) only=${line#*=} ;;
        esac
    done
    unset IFS
    [ -n "$kills" ] || return 1
    case " $spared " in *" $name "*) return 1 ;; esac
    [ -n "$only" ] || return 0
    case " $only " in *" $name "*) return 0 ;; *) return 1 ;; esac
}

# Only a user who lingers has a manager that outlives his logins.
lingers() {
    [ ! -e "/var/lib/systemd/linger/$name" ] || return 0
    timeout 10 loginctl --no-ask-password enable-linger 2>/dev/null ||
        timeout 10 sudo -n loginctl enable-linger "$name" 2>/dev/null
}

# Sets manager: whose it is to keep the job, empty where it can be left to itself. Asked at each start, as
# it is the administrator's to change. Input: volatile (yes: a job that logind ends will do).
find_manager() {
    manager=
    is_doomed || return 0
    if [ "$(id -u)" = 0 ]; then
        manager=system
    elif lingers; then
        manager=user
    elif [ "$volatile" != yes ]; then
        why='logind ends what a user leaves behind (KillUserProcesses), and lingering is denied'
        refuse not-durable "a job would not be durable: $why"
    fi
}

# start_supervisor ATTEMPT-DIRECTORY; does not return where it can help it: what follows is said by
# the supervisor itself, on our standard output, once the command can no longer be lost.
# Not with `&`: sh starts such children with INT and QUIT ignored, and so would be the job.
start_supervisor() {
    export VMC_PATH="$path_before" VMC_LC_ALL="$lc_before" VMC_UMASK="$umask_before"
    [ -z "$manager" ] || start_in_scope "$1"
    [ "$setsid" != fork ] || exec setsid -f /bin/sh "$job/runner" "$1" "$end"
    # setsid(1) without --fork forks only for the leader of a group: proc(5) stat, field 5
    read_ticks "$$"
    # shellcheck disable=SC2086 # split into fields
    set -- "$1" ${stat##*) }
    [ "$4" != "$$" ] || exec setsid /bin/sh "$job/runner" "$1" "$end"
    setsid /bin/sh "$job/runner" "$1" "$end" &
    exit 0
}

# A scope is a unit around processes that we start, with our environment, limits and streams. It lives as long
# as any of them, kills none when the first ends, and ends them all at shutdown, where one that is deaf to TERM
# must not hold up the rest.
start_in_scope() {
    scope="vmc-$id"
    [ "$1" = "$job" ] || scope="$scope-${1##*/}"
    export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"
    waited=0
    # A manager that lingering has only just called for.
    while [ "$manager" = user ] && [ ! -S "$XDG_RUNTIME_DIR/systemd/private" ] && [ "$waited" -lt 50 ]; do
        nap 0.1
        waited=$((waited + 1))
    done
    exec 3>&1
    # Since version 253 a scope ends when one of its processes is killed for memory, unless told not to; before,
    # there is no such property.
    for property in OOMPolicy=continue Delegate=yes; do
        said=$(systemd-run "--$manager" --scope --quiet --collect --unit="$scope" --property=Delegate=yes \
            --property="$property" env -u INVOCATION_ID setsid -f /bin/sh "$job/runner" "$1" "$end" 2>&1 >&3 3>&-) &&
            exit 0
    done
    exec 3>&-
    give_up not-durable "systemd-run: $said"
}
