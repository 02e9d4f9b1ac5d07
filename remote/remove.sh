# shellcheck shell=sh
# Takes ended jobs away. Input: root, ids. An id stays taken.
umask 077
is_ours "$root" || refuse unsafe-root "$unsafe"
# shellcheck disable=SC2086 # ids hold no blanks
for id in $ids; do
    job=$root/$id
    tell job "$id"
    if ! [ -d "$job" ]; then
        tell absent yes
        continue
    fi
    if ! is_ours "$job"; then
        tell foreign "$unsafe"
        continue
    fi
    last_attempt
    if held "$attempt/lock"; then
        tell held yes
        continue
    fi
    # Whatever is on its way to this id finds it taken.
    mv "$attempt/ready" "$attempt/buried" 2>/dev/null
    mkdir "$job/grave" 2>/dev/null
    printf '' >"$job/grave/removed"
    set +f
    for file in "$job"/*; do
        case $file in */grave) ;; *) rm -rf "$file" ;; esac
    done
    set -f
    tell removed yes
done
