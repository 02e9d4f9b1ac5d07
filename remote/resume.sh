# shellcheck shell=sh
# A further attempt at a job that a reboot interrupted. Input: root, dev, machine, boot, latest, id, number,
# fresh (yes: begin at the beginning), setsid.
give_up() {
    mv "$attempt/ready" "$attempt/buried" 2>/dev/null
    refuse "$1" "$2"
}

write_attempt() {
    printf '%512s\n' '' >"$attempt/said" &&
        printf '%128s\n' '' >"$attempt/pid" &&
        printf '%128s\n' '' >"$attempt/why" &&
        printf '' >"$attempt/open" &&
        printf '' >"$attempt/ready" &&
        mkfifo "$attempt/lock"
}

# What a shutdown ended has not come to its end by itself.
is_over() {
    [ -e "$job/result" ] || return
    while IFS= read -r line; do
        [ "$line" != during_shutdown=yes ] || return 1
    done <"$job/result"
}

# The attempt before was begun, or claimed, since this boot.
is_on_this_boot() {
    [ -e "$last/start" ] || [ "$number" != 1 ] || refuse never-started 'it never started'
    if [ ! -e "$last/start" ]; then
        [ "$(first_line "$last.boot")" = "$boot_now" ]
        return
    fi
    while IFS= read -r line; do
        [ "$line" != "boot=$boot_now" ] || return 0
    done <"$last/start"
    return 1
}

umask 077
job=$root/$id
attempt=$job/attempts/$number
check_place
[ -d "$job" ] || refuse absent 'there is no such job'
is_ours "$job" || refuse unsafe-root "$unsafe"
! is_over || refuse over 'it has ended'
last=$job
[ "$number" = 1 ] || last=$job/attempts/$((number - 1))
[ -n "$boot_now" ] || refuse no-boot 'the VM shows no boot id'
! is_on_this_boot || refuse same-boot 'the VM has not rebooted since it started'
volatile=no
find_manager
[ -d "$job/attempts" ] || mkdir "$job/attempts" 2>/dev/null
durable "$job" || refuse no-sync 'the disk does not take what is written'
# Before the claim, for whoever looks in between: others who try now write the same. Never after it: a claim that
# a power cut left behind is of its own boot.
[ -d "$attempt" ] || printf '%s\n' "$boot_now" 2>/dev/null >"$attempt.boot" ||
    refuse no-space 'cannot write the attempt down'
if ! mkdir "$attempt" 2>/dev/null; then
    [ -d "$attempt" ] || refuse no-space 'cannot write the attempt down'
    tell submitted already
    finish
fi
durable "$job/attempts" || give_up no-sync 'the disk does not take what is written' # fsync: attempt
said=$( (write_attempt) 2>&1) || give_up no-space "cannot write the attempt down: ${said##*: }"
[ ! -e "$job/result" ] || mv "$job/result" "$attempt/result-before"
[ "$fresh" != yes ] || rm -f "$job/mark"
durable "$attempt" || give_up no-sync 'the disk does not take what is written' # fsync: attempt-files
start_supervisor "$attempt"
