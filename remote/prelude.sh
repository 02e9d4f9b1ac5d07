# shellcheck shell=sh
# What every operation on a job begins with. The client has set `end` (the nonce) and, where they
# are known, root, dev, machine, boot, sync. Nothing is read from standard input, ever.

# Handlers, not "ignore": what is ignored would stay so in the job. A client that has gone must not
# stop us half-way.
trap : HUP PIPE TERM

tell() { printf '%s=%s\n' "$1" "$2"; }

# The last word: without it the client knows that the answer broke off.
finish() {
    printf '\n%s\n' "vmc-end-$end"
    exit 0
}

# refuse SLUG WORDS: nothing was started, and why.
refuse() {
    tell refused "$1"
    tell why "$2"
    finish
}

# One line of a file; empty when there is none. Builtins only.
first_line() {
    line=
    [ -r "$1" ] && IFS= read -r line <"$1"
    printf '%s' "$line"
}

# Sets boot_now and up_now (whole seconds since boot). Empty: not to be known here. Builtins only.
read_boot() {
    boot_now='' up_now='' rest=''
    [ -r /proc/sys/kernel/random/boot_id ] && read -r boot_now </proc/sys/kernel/random/boot_id
    [ -r /proc/uptime ] && read -r up_now rest </proc/uptime
    up_now=${up_now%%.*}
}

# Sets wall_now as well.
read_clocks() {
    read_boot
    wall_now=$(date +%s)
}

# Sets ticks to the start of process $1 in clock ticks after boot; empty when it is gone or /proc is.
read_ticks() {
    ticks='' stat='' part=''
    [ -r "/proc/$1/stat" ] || return 1
    while read -r part; do stat="$stat $part"; done <"/proc/$1/stat"
    # shellcheck disable=SC2086 # split into fields; globbing is off
    set -- ${stat##*) }
    [ $# -ge 20 ] || return 1
    shift 19
    ticks=$1
}

# Sets size to the bytes of file $1.
read_size() {
    size=$(wc -c <"$1" 2>/dev/null)
    size=${size##* }
    : "${size:=0}"
}

# durable FILE|DIRECTORY…: on the disk when it returns 0. $sync says how, as found by `prepare`:
# sync(1) that takes names, dd (which cannot sync a directory), or none.
durable() {
    case $sync in
        sync) sync "$@" 2>/dev/null ;;
        dd)
            for name; do
                [ -d "$name" ] || dd if=/dev/null of="$name" conv=notrunc,fsync 2>/dev/null || return 1
            done
            ;;
    esac
}

# Sleeps for a fraction of a second where sleep can, else for one.
nap() { sleep "$1" 2>/dev/null || sleep 1; }

# The lock is a FIFO that the supervisor holds open for reading and writing. Opening it for reading
# returns at once while it does and blocks when nobody does; a reader holds nothing up.
held() {
    [ -p "$1" ] || return 1
    seen=$(
        (: <"$1" && printf y) &
        opener=$!
        {
            nap 0.3
            kill -KILL "$opener"
        } >/dev/null 2>&1 &
        wait "$opener" 2>/dev/null
        kill "$!" 2>/dev/null
    )
    [ "$seen" = y ]
}

me=

# A directory that is ours alone; or, with "readable" behind it, one in which nobody else can change
# anything. Sets unsafe to the reason when it is not.
is_ours() {
    unsafe=
    [ ! -L "$1" ] || unsafe="$1 is a symbolic link"
    [ -d "$1" ] || unsafe="${unsafe:-$1 is not a directory}"
    [ -z "$unsafe" ] || return 1
    : "${me:=$(id -u)}"
    # shellcheck disable=SC2046 # split into fields
    set -- "$1" "${2:-}" $(ls -ldn "$1" 2>/dev/null)
    case $2-$3 in
        *-drwx------* | readable-drwx?-??-?*) [ "$5" = "$me" ] || unsafe="$1 belongs to user $5" ;;
        *-d*) unsafe="$1 can be used by others ($3)" ;;
        *) unsafe="$1 cannot be looked at" ;;
    esac
    [ -z "$unsafe" ]
}
