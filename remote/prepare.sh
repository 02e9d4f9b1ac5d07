# shellcheck shell=sh
# Where jobs live on this VM, how things become durable here, and how a job outlives its login.
# Input: wanted (a root, or empty: choose), volatile (yes: a root that does not survive a reboot will do).

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

# logind ends what a user leaves behind only where it is told to (KillUserProcesses).
find_launch() {
    launch=session
    [ -d /run/systemd/system ] || return
    manager=$(timeout 3 loginctl show-session 2>/dev/null) || return
    kills='' spared='' only=''
    for word in $manager; do
        case $word in
            KillUserProcesses=yes) kills=yes ;;
            KillExcludeUsers=*) spared=${word#*=} ;;
            KillOnlyUsers=*) only=${word#*=} ;;
        esac
    done
    [ -n "$kills" ] || return
    name=$(id -un)
    case " $spared " in *" $name "*) return ;; esac
    if [ -n "$only" ]; then case " $only " in *" $name "*) ;; *) return ;; esac; fi
    launch=killed
    if [ "$me" = 0 ]; then
        launch=system
    elif [ "$(timeout 3 loginctl show-user "$name" -p Linger --value 2>/dev/null)" = yes ]; then
        launch=user
    elif timeout 3 loginctl enable-linger 2>/dev/null; then
        launch=user
    elif timeout 3 sudo -n true 2>/dev/null; then
        launch=sudo
    fi
}

umask 077
: "${me:=$(id -u)}"
if [ -z "$wanted" ]; then
    if [ "$me" = 0 ]; then wanted=/var/lib/vm-connection/jobs; else
        wanted=${XDG_STATE_HOME:-$HOME/.local/state}/vm-connection/jobs
    fi
fi
root=$wanted
case $root in /*) ;; *) refuse bad-root "no place for jobs: neither HOME nor XDG_STATE_HOME is a path" ;; esac
above=${root%/*}
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
find_launch
read_boot
durable "$root" "$above" "${above%/*}"
tell root "$root"
tell dev "$(stat -c %d "$root" 2>/dev/null)"
tell machine "$(first_line /etc/machine-id)"
tell boot "$boot_now"
tell up "$up_now"
tell sync "$sync"
tell setsid "$setsid"
tell launch "$launch"
tell filesystem "$(stat -f -c %T "$root" 2>/dev/null)"
# shellcheck disable=SC2046 # split into fields
set -- $(df -Pk "$root" 2>/dev/null | tail -n 1)
tell free_kib "${4:-}"
# shellcheck disable=SC2046
set -- $(df -Pi "$root" 2>/dev/null | tail -n 1)
tell free_inodes "${4:-}"
