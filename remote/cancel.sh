# shellcheck shell=sh
# Ends a job. Input: root, id, grace (s). The warden does it, within a second; only where there is
# none any more is it done from here.
job=$root/$id
is_ours "$root" || refuse unsafe-root "$unsafe"
[ -d "$job" ] || refuse absent 'there is no such job'
is_ours "$job" || refuse unsafe-root "$unsafe"
! grep -q '^sudo=yes$' "$job/request" 2>/dev/null || as='sudo -n'
last_attempt
# What has not begun never will.
if mv "$attempt/ready" "$attempt/buried" 2>/dev/null; then
    tell cancelled buried
    finish
fi
# until_kept LIMIT: until the result counts, for as many tenths of a second.
until_kept() {
    while [ "$waited" -lt "$1" ] && [ ! -e "$attempt/kept" ] && held "$attempt/lock"; do
        nap 0.1
        waited=$((waited + 1))
    done
}

waited=0
if [ -e "$job/result" ]; then
    until_kept 50
    tell cancelled over
    finish
fi
if ! held "$attempt/lock"; then
    # Its supervisor is gone; what it left may still run.
    if [ -e "$attempt/start" ] && mv "$attempt/open" "$attempt/ended" 2>/dev/null; then
        end_tree "$grace"
        tell killed "$killed"
        tell escaped "$escaped"
    fi
    tell cancelled gone
    finish
fi
: >"$attempt/cancel"
most=$((grace * 10 + 100))
while [ "$waited" -lt "$most" ] && [ ! -e "$job/result" ]; do
    nap 0.1
    waited=$((waited + 1))
    if [ "$waited" = 40 ] && mv "$attempt/open" "$attempt/ended" 2>/dev/null; then
        end_tree "$grace"
        printf 'why=cancelled\nkilled=%s\nescaped=%s\n' "$killed" "$escaped" 1<>"$attempt/why"
    fi
done
until_kept "$most"
if [ -e "$job/result" ]; then tell cancelled yes; else tell cancelled unknown; fi
