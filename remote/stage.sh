# shellcheck shell=sh
# A piece of a job's standard input, before it is submitted. Input: root, input (its name), from, piece (base64),
# length (of the piece).
umask 077
is_ours "$root" || refuse unsafe-root "$unsafe"
staged=$root/.staged-$input
[ -e "$staged" ] || printf '' >"$staged" || refuse no-space "cannot write in $root"
read_size "$staged"
[ "$size" -ge "$from" ] || refuse shorter "input=$size"
if [ "$size" -lt "$((from + length))" ]; then
    # What came of it before the disk was full, or the power went.
    [ "$size" = "$from" ] || dd if=/dev/null of="$staged" bs=1 seek="$from" 2>/dev/null
    printf '%s' "$piece" | base64 -d >>"$staged" || refuse no-space 'cannot write the input down'
fi
read_size "$staged"
tell size "$size"
