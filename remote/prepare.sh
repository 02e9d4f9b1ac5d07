# shellcheck shell=sh
# Where jobs live on this VM, and how things become durable here. Input: wanted (a root, or empty: choose),
# submits (yes: it is made where it is not there).

# An argument that does not exist: a sync that takes names complains.
find_sync() {
    sync=none
    if command -v sync >/dev/null && ! sync "$root/.none-$end" 2>/dev/null && sync "$root" 2>/dev/null; then
        sync="sync"
    elif dd if=/dev/null of="$root/.probe-$end" conv=notrunc,fsync 2>/dev/null; then
        sync="dd"
    fi
    rm -f "$root/.probe-$end"
}

find_setsid() {
    setsid=none
    command -v setsid >/dev/null || return
    case $(setsid --help 2>&1) in
        *--fork*) setsid=fork ;;
        *) setsid=plain ;;
    esac
}

umask 077
: "${me:=$(id -u)}"
named=$wanted
if [ -z "$wanted" ]; then
    if [ "$me" = 0 ]; then wanted=/var/lib/vm-connection/jobs; else
        wanted=${XDG_STATE_HOME:-$HOME/.local/state}/vm-connection/jobs
    fi
fi
root=$wanted
case $root in /*) ;; *) refuse bad-root "no place for jobs: neither HOME nor XDG_STATE_HOME is a path" ;; esac
above=${root%/*}
[ "$submits" = yes ] || [ -z "$named" ] || [ -d "$root" ] || refuse no-root "there is no directory $root on the VM"
# Of two that come first only one makes it.
said=$(mkdir -p "$above" 2>&1 && { [ -d "$root" ] || mkdir "$root" 2>&1 || [ -d "$root" ]; }) ||
    refuse no-root "${said##*: }: $root"
is_ours "$above" readable || refuse unsafe-root "$unsafe"
is_ours "$root" || refuse unsafe-root "$unsafe"
said=$( { printf x >"$root/.probe-$end"; } 2>&1)
# A shell's own word for a full disk is "I/O error".
if [ -e "$root/.probe-$end" ] && [ ! -s "$root/.probe-$end" ]; then
    rm -f "$root/.probe-$end"
    refuse no-space "no space left for $root"
fi
[ -e "$root/.probe-$end" ] || refuse no-root "cannot write in $root: ${said##*: }"
command -v mkfifo >/dev/null || refuse no-tools "no mkfifo on the VM"

find_sync
find_setsid
read_boot
durable "$root" "$above" "${above%/*}"
tell root "$root"
tell dev "$(stat -c %d "$root" 2>/dev/null)"
tell machine "$(first_line /etc/machine-id)"
tell boot "$boot_now"
tell up "$up_now"
tell sync "$sync"
tell setsid "$setsid"
tell filesystem "$(stat -f -c %T "$root" 2>/dev/null)"
# shellcheck disable=SC2046 # split into fields
set -- $(df -Pk "$root" 2>/dev/null | tail -n 1)
tell free_kib "${4:-}"
# shellcheck disable=SC2046
set -- $(df -Pi "$root" 2>/dev/null | tail -n 1)
tell free_inodes "${4:-}"
