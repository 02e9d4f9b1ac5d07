# shellcheck shell=sh
# Ending a command with all that it started. $job is its cookie, $attempt its directory, $as how to
# signal (empty, or "sudo -n").

# In a unit of its own the command gets a cgroup of its own there: no fork leads out of that. Without systemd
# there is none, and $attempt/cgroup neither.
make_cgroup() {
    [ -r /proc/self/cgroup ] || return
    while read -r line; do
        case $line in
            0::*/vmc-"$id"*.scope)
                cgroup=/sys/fs/cgroup${line#0::}/command
                mkdir "$cgroup" 2>/dev/null && printf '%s\n' "$cgroup" >"$attempt/cgroup"
                ;;
        esac
    done </proc/self/cgroup
}

enter_cgroup() {
    [ ! -e "$attempt/cgroup" ] || printf '%s\n' "$$" >"$(first_line "$attempt/cgroup")/cgroup.procs"
}

# Sets leader and leader_ticks of the command, and its cgroup; fails before it has one.
read_leader() {
    cgroup=$(first_line "$attempt/cgroup")
    leader='' leader_ticks=''
    # shellcheck disable=SC2034 # trailing blanks
    [ -r "$attempt/pid" ] && read -r leader leader_ticks rest <"$attempt/pid"
    case $leader in '' | *[!0-9]*) return 1 ;; esac
}

# Sets members to the processes of the command that live, as " pid" each: those of its session, and of those
# that have left it the ones in its cgroup or with its cookie in their environment. Sets strays to how many had.
find_members() {
    members='' strays=0
    [ -r "/proc/$$/stat" ] || return 1
    cookies=" $($as grep -l -F -e "VMC_JOB=$id" /proc/[0-9]*/environ 2>/dev/null | tr '\n/' '  ') "
    gathered=
    [ ! -d "$cgroup" ] || gathered=" $(find "$cgroup" -name cgroup.procs -exec cat {} + 2>/dev/null | tr '\n' ' ')"
    for member in /proc/[0-9]*; do
        member=${member#/proc/}
        read_ticks "$member" || continue
        # shellcheck disable=SC2086 # split into fields
        set -- ${stat##*) }
        case $1 in Z | X) continue ;; esac
        if [ "$4" = "$leader" ]; then members="$members $member"; else
            case $cookies$gathered in *" $member "*) ;; *) continue ;; esac
            [ "$member" != "$$" ] || continue
            members="$members $member"
            strays=$((strays + 1))
        fi
    done
}

# signal_all NAME: the group at once while its leader is who it was, then everybody who is not in it.
signal_all() {
    read_ticks "$leader"
    group=
    if [ -z "$leader_ticks" ] || [ "$ticks" = "$leader_ticks" ]; then
        $as kill -s "$1" -- "-$leader" 2>/dev/null && group=$leader
    fi
    for member in $members; do
        read_ticks "$member" || continue
        # shellcheck disable=SC2086 # split into fields
        set -- "$1" ${stat##*) }
        [ "$4" != "$group" ] || continue
        $as kill -s "$1" "$member" 2>/dev/null
    done
}

# end_tree GRACE: TERM, and after GRACE seconds KILL. Sets killed: yes, no or unknown (nothing to be
# seen without /proc).
end_tree() {
    set +f
    killed=unknown escaped=0
    # Not begun yet: then it sees that it must not.
    read_leader || { killed=yes; return; }
    grace=$1
    find_members
    escaped=$strays
    signal_all TERM
    $as kill -s CONT -- "-$leader" 2>/dev/null
    waited=0
    while [ "$waited" -lt "$((grace * 10))" ]; do
        if ! find_members; then
            kill -0 -- "-$leader" 2>/dev/null || break
        elif [ -z "$members" ]; then break; fi
        nap 0.1
        waited=$((waited + 1))
    done
    waited=0
    while find_members && [ -n "$members" ] && [ "$waited" -lt 50 ]; do
        [ ! -w "$cgroup/cgroup.kill" ] || printf '1\n' >"$cgroup/cgroup.kill"
        signal_all KILL
        nap 0.1
        waited=$((waited + 1))
    done
    if find_members; then
        killed=yes
        [ -z "$members" ] || killed=no
    else
        $as kill -s KILL -- "-$leader" 2>/dev/null
    fi
}
