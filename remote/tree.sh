# shellcheck shell=sh
# Ending a command with all that it started. $job is its cookie, $attempt its directory, $as how to
# signal (empty, or "sudo -n").

# Sets leader and leader_ticks of the command; fails before it has one.
read_leader() {
    leader='' leader_ticks=''
    # shellcheck disable=SC2034 # trailing blanks
    [ -r "$attempt/pid" ] && read -r leader leader_ticks rest <"$attempt/pid"
    case $leader in '' | *[!0-9]*) return 1 ;; esac
}

# Sets members to the processes of the command that live, as " pid" each: those of its session, and those
# that carry its cookie in their environment after having left it. Sets strays to how many of these had.
find_members() {
    members='' strays=0
    [ -r "/proc/$$/stat" ] || return 1
    cookies=" $($as grep -l -F -e "VMC_JOB=$id" /proc/[0-9]*/environ 2>/dev/null | tr '\n/' '  ') "
    for member in /proc/[0-9]*; do
        member=${member#/proc/}
        read_ticks "$member" || continue
        # shellcheck disable=SC2086 # split into fields
        set -- ${stat##*) }
        case $1 in Z | X) continue ;; esac
        if [ "$4" = "$leader" ]; then members="$members $member"; else
            case $cookies in *" proc $member environ "*) ;; *) continue ;; esac
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
