# shellcheck shell=sh
# Is this still the VM, the boot and the file system that the client means?
check_place() {
    read_boot
    [ -z "$boot" ] || [ "$boot_now" = "$boot" ] || refuse other-boot 'the VM has rebooted since'
    if [ -n "$up_now" ] && [ -n "$latest" ] && [ "$up_now" -gt "$latest" ]; then
        refuse late 'this submit arrived after its time'
    fi
    [ "$(first_line /etc/machine-id)" = "$machine" ] || refuse other-machine 'this is another machine'
    is_ours "$root" || refuse unsafe-root "$unsafe"
    [ "$(stat -c %d "$root" 2>/dev/null)" = "$dev" ] || refuse other-filesystem "$root is on another file system now"
}
