# shellcheck shell=sh
# A window in tmux on the VM in which people can look at a job. Input: root, id, title. Not in the data path.
job=$root/$id
is_ours "$root" && is_ours "$job" || refuse unsafe-root "$unsafe"
[ -e "$job/out" ] || refuse absent 'there is no such job'
command -v tmux >/dev/null || refuse no-tools 'there is no tmux on the VM'
title="vmc-$title"
tmux new-session -d -s "$title" "tail -n +1 -f '$job/out' '$job/err'" 2>/dev/null ||
    refuse no-view "tmux could not open a session called $title"
tell view "tmux attach -t $title"
