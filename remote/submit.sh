# shellcheck shell=sh
# Claims an id and starts its supervisor, once and never twice.
# Input: root, dev, machine, boot, latest (of the uptime), id, digest, request, runner, setsid, volatile,
# as, and staged (the bytes of the standard input that was put beside before, or empty).

# Somebody was here before: the same submit that arrived twice, or another client with the same id.
attach() {
    is_ours "$job" || refuse unsafe-root "$unsafe"
    [ ! -e "$job/grave/removed" ] || refuse burned 'this id belonged to a job that was removed; it never runs again'
    waited=0
    while [ ! -e "$job/request" ] && [ "$waited" -lt 50 ]; do
        nap 0.1
        waited=$((waited + 1))
    done
    if [ ! -e "$job/request" ]; then
        # Either the supervisor sees the grave, or we see that it is going.
        mkdir "$job/grave" 2>/dev/null
        if [ ! -e "$job/going" ]; then
            # Whoever claimed it may not have come as far as that.
            durable "$root" "$job" # fsync: grave
            refuse burned 'this id was claimed and its submit broke off; it never runs'
        fi
    fi
    while IFS= read -r line; do
        [ "$line" = "digest=$digest" ] || continue
        [ -z "$staged" ] || rm -f "$input"
        tell submitted already
        finish
    done <"$job/request"
    [ -e "$job/request" ] || finish
    refuse other-job 'this id belongs to another job'
}

# What was claimed and cannot be finished is buried, so that it never runs.
give_up() {
    mv "$job/ready" "$job/buried" 2>/dev/null
    refuse "$1" "$2"
}

# Space that the ending needs is taken now, while there is some.
write_records() {
    printf '%s' "$runner" >"$job/runner" &&
        printf '' >"$job/out" &&
        printf '' >"$job/err" &&
        printf '%1024s\n' '' >"$job/result.tmp" &&
        printf '%512s\n' '' >"$job/said" &&
        printf '%128s\n' '' >"$job/pid" &&
        printf '%128s\n' '' >"$job/why" &&
        printf '%s' "$request" >"$job/request.tmp" &&
        printf '' >"$job/open" &&
        printf '' >"$job/ready" &&
        { [ -z "$revert" ] || printf '' >"$job/armed"; } &&
        { [ -z "$cleanup" ] || printf '' >"$job/cleanup-wanted"; } &&
        mkfifo "$job/lock"
}

# Nobody is there to be asked for a password once it runs.
check_sudo() {
    [ -n "$as" ] || return 0
    # shellcheck disable=SC2086 # sudo and its option
    said=$(timeout 20 $as /bin/sh -c : 2>&1) || refuse no-sudo "sudo: ${said##*sudo: }"
}

umask 077
job=$root/$id
unkept='the disk does not keep what is written'
check_place
input=$root/.staged-$id-$digest
if [ -n "$staged" ] && [ ! -d "$job" ]; then
    read_size "$input"
    [ "$size" = "$staged" ] || refuse no-input 'the input that was sent is not there, or not whole'
fi
[ -d "$job" ] || { check_sudo && find_manager; }
if ! said=$(mkdir "$job" 2>&1); then
    [ -d "$job" ] && attach
    refuse no-root "cannot create $job: ${said##*: }"
fi
durable "$root" || give_up no-sync "$unkept" # fsync: claim
said=$( (write_records) 2>&1) || give_up no-space "cannot write the job down: ${said##*: }"
[ -z "$staged" ] || mv "$input" "$job/stdin" || give_up no-input 'the input that was sent is not there'
durable "$job/runner" "$job/result.tmp" "$job/said" "$job/pid" "$job/why" || give_up no-sync "$unkept" # fsync: files
[ -z "$staged" ] || durable "$job/stdin" || give_up no-sync "$unkept" # fsync: input
durable "$job/request.tmp" || give_up no-sync "$unkept" # fsync: request
mv "$job/request.tmp" "$job/request" || give_up no-space 'cannot write the request down'
durable "$job" || give_up no-sync "$unkept" # fsync: request-name
start_supervisor "$job"
