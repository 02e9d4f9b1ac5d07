# shellcheck shell=sh
# Confirms that the VM can still be reached after the command: takes the switch off. Only from a connection
# that did not exist while the command ran. Input: root, id.
job=$root/$id
is_ours "$root" && is_ours "$job" || refuse unsafe-root "$unsafe"
[ -e "$job/result" ] || refuse running 'the command has not ended'
up_ended='' connection=''
while IFS='=' read -r key value; do
    [ "$key" != up ] || up_ended=$value
done <"$job/result"
while IFS='=' read -r key value; do
    [ "$key" != connection ] || connection=$value
done <"$job/start"
if [ -n "$connection" ] && [ "$connection" = "${SSH_CONNECTION:-}" ]; then
    refuse old-connection 'this connection is the one that the job came by'
fi
# Begun after the command had ended: our sshd, by its start in clock ticks (100 a second) after boot.
if [ -n "$up_ended" ] && read_ticks "$PPID" && [ "$((ticks / 100 + 1))" -lt "$up_ended" ]; then
    refuse old-connection 'this connection is older than the end of the command'
fi
if mv "$job/armed" "$job/confirmed" 2>/dev/null; then
    durable "$job"
    tell confirmed yes
else
    tell confirmed no
fi
