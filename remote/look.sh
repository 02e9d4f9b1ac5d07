# shellcheck shell=sh
# One job, and what of its output comes after the given offsets. Input: root, id, from_out, from_err,
# most. After the header come exactly out_bytes of stdout, then err_bytes of stderr.

# piece NAME FROM: sets bytes
measure() {
    read_size "$job/$1"
    bytes=$((size - $2))
    [ "$bytes" -ge 0 ] || bytes=0
    [ "$bytes" -le "$most" ] || bytes=$most
}

piece() {
    [ "$3" = 0 ] ||
        dd if="$job/$1" bs=65536 iflag=skip_bytes,count_bytes,fullblock skip="$2" count="$3" 2>/dev/null
}

describe_vm
job=$root/$id
if [ ! -d "$job" ]; then
    tell job "$id"
    tell absent yes
    finish
fi
describe "$id"
[ -z "$unsafe" ] || finish
measure out "$from_out"
out_bytes=$bytes
measure err "$from_err"
err_bytes=$bytes
tell out_bytes "$out_bytes"
tell err_bytes "$err_bytes"
printf '\n%s\n' "vmc-data-$end"
piece out "$from_out" "$out_bytes"
piece err "$from_err" "$err_bytes"
