# shellcheck shell=sh
# Every job there is; what else lies there is not ours to speak of. Input: root.

is_id() {
    case $1 in *[!0-9a-f-]*) return 1 ;; ????????-????-????-????-????????????) ;; *) return 1 ;; esac
}

describe_vm
set +f
set -- "$root"/[!.]*
set -f
for found; do
    is_id "${found##*/}" && [ -d "$found" ] || continue
    # A removed job leaves its grave, so that a late submit of its id finds it taken.
    if [ -e "$found/grave" ] && [ ! -e "$found/request" ]; then continue; fi
    describe "${found##*/}"
done
