# shellcheck shell=sh
# Confirms that the VM can still be reached after the command: takes the switch off. Only from a connection
# that did not exist while the command ran. Input: root, id.
job=$root/$id
is_ours "$root" && is_ours "$job" || refuse unsafe-root "$unsafe"
up_ended='' connection='' boot_started=''
last_attempt
while IFS='=' read -r key value; do
    case $key in connection) connection=$value ;; boot) boot_started=$value ;; esac
done <"$attempt/start"
if [ -e "$job/result" ]; then
    while IFS='=' read -r key value; do
        [ "$key" != up ] || up_ended=$value
    done <"$job/result"
else
    # The reboot that ended the command has ended the switch as well; and here we are.
    read_boot
    [ -n "$boot_now" ] && [ -n "$boot_started" ] && [ "$boot_now" != "$boot_started" ] ||
        refuse running 'the command has not ended'
fi
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
