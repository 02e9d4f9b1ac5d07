# shellcheck shell=sh
# A piece of a job's standard input, before it is submitted. Input: root, id, from, piece (base64).
umask 077
is_ours "$root" || refuse unsafe-root "$unsafe"
staged=$root/.staged-$id
[ -e "$staged" ] || printf '' >"$staged" || refuse no-space "cannot write in $root"
read_size "$staged"
[ "$size" -ge "$from" ] || refuse shorter "input=$size"
if [ "$size" = "$from" ]; then
    printf '%s' "$piece" | base64 -d >>"$staged" || refuse no-space 'cannot write the input down'
fi
read_size "$staged"
tell size "$size"
