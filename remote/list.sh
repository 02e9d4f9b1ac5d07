# shellcheck shell=sh
# Every job there is. Input: root.
describe_vm
set +f
set -- "$root"/[!.]*
set -f
for found; do
    [ -d "$found" ] || continue
    # A removed job leaves its grave, so that a late submit of its id finds it taken.
    if [ -e "$found/grave" ] && [ ! -e "$found/request" ]; then continue; fi
    describe "${found##*/}"
done
