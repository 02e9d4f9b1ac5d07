"""Which Debian packages a guest is made of.

`always` is fetched in any case, so that a test meets the same sshd everywhere.
`if_missing` completes a machine that lacks a library or a shell; it is skipped
where the package is installed, so that the userland stays the machine's own.
"""

_SSHD_LIBRARIES = [
    "libssl3", "libkrb5-3", "libgssapi-krb5-2", "libk5crypto3", "libkrb5support0",
    "libkeyutils1", "libcom-err2", "libselinux1", "libpcre2-8-0", "libaudit1", "libcap-ng0",
    "libpam0g", "libsystemd0", "libgcrypt20", "libgpg-error0", "liblzma5", "libzstd1",
    "liblz4-1", "libcap2", "libcrypt1", "zlib1g",
]
_SSHD = ["openssh-server", "openssh-sftp-server", "libwrap0", "libnsl2", "libtirpc3"]

SETS = {
    "host": {
        "always": [*_SSHD, "busybox-static", "sudo"],
        "if_missing": [*_SSHD_LIBRARIES, "openssh-client", "libedit2", "libbsd0", "libmd0",
                       "libpam-modules", "procps", "libproc2-0"],
    },
    "vm": {
        "always": [*_SSHD, *_SSHD_LIBRARIES, "libc6", "busybox-static", "KERNEL"],
        "if_missing": ["openssh-client", "libedit2", "libbsd0", "libmd0"],
    },
    # All of one version: its programs share a private library, and PAM's modules one with libpam.
    "systemd": {
        "always": ["systemd", "systemd-sysv", "libsystemd-shared", "libsystemd0", "libpam-systemd", "libpam0g",
                   "libpam-modules", "libpam-modules-bin", "dbus", "dbus-bin", "dbus-daemon", "libdbus-1-3",
                   "dbus-system-bus-common", "dbus-session-bus-common", "polkitd", "libpolkit-gobject-1-0",
                   "libpolkit-agent-1-0"],
        "if_missing": [*_SSHD_LIBRARIES, "libacl1", "libapparmor1", "libblkid1", "libcryptsetup12",
                       "libdevmapper1.02.1", "libargon2-1", "libjson-c5", "libudev1", "libduktape207", "libexpat1",
                       "libfdisk1", "libffi8", "libglib2.0-0", "libip4tc2", "libkmod2", "libmount1",
                       "libp11-kit0", "libseccomp2"],
    },
    "dropbear": {"always": ["dropbear-bin", "libtomcrypt1", "libtommath1"], "if_missing": ["libgmp10"]},
    "tinyssh": {"always": ["tinysshd"], "if_missing": []},
    "zsh": {"always": [], "if_missing": ["zsh", "zsh-common"]},
    "fish": {"always": [], "if_missing": ["fish", "fish-common", "libpcre2-32-0"]},
    "tcsh": {"always": [], "if_missing": ["tcsh"]},
    "bsd-csh": {"always": [], "if_missing": ["csh", "libbsd0", "libmd0"]},
    "mksh": {"always": [], "if_missing": ["mksh"]},
    "yash": {"always": [], "if_missing": ["yash"]},
    # A power switch by the contract of fence agents. The package wants the clouds' libraries; this one agent does not.
    "fence": {"always": ["fence-agents", "python3-pexpect", "python3-ptyprocess"], "if_missing": []},
}

# The metapackage names the newest kernel; what it depends on is the real one.
KERNEL_METAPACKAGE = "linux-image-cloud-amd64"
KERNEL_PREFIX = "linux-image-"
