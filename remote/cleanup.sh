# shellcheck shell=sh
# Runs the cleanup that a job did not live to run. Input: root, id. The line stands in its runner.
job=$root/$id
is_ours "$root" || refuse unsafe-root "$unsafe"
is_ours "$job" || refuse unsafe-root "$unsafe"
[ -e "$job/runner" ] || refuse absent 'nothing is left to do'
last_attempt
if [ ! -e "$job/result" ] && held "$attempt/lock"; then refuse running 'it still runs'; fi
export VMC_PATH="$path_before" VMC_LC_ALL="$lc_before" VMC_UMASK="$umask_before"
/bin/sh "$job/runner" "$attempt" cleanup
tell cleaned "$(first_line "$job/cleanup-done")"
