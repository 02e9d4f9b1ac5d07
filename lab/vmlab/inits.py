"""What a host's process 1 can be: busybox's init, which only starts sshd, or Debian's systemd.

With systemd come dbus, logind, polkit and PAM sessions, as on an installed Debian 12: it is told that
it is in a container, has a cgroup namespace of its own and its own part of the cgroup tree.
"""

import pathlib
import shutil
import signal

from . import packages, servers
from .places import LabError

INITS = ("busybox", "systemd")
_PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_COMMANDS = {"busybox": ("/usr/bin/busybox", ["init"], _PATH),
             "systemd": ("/usr/lib/systemd/systemd", ["systemd"], {**_PATH, "container": "lab"})}
# What the `reboot` command tells process 1: busybox(1) init, systemd(1).
_REBOOT_SIGNALS = {"busybox": signal.SIGTERM, "systemd": signal.SIGRTMIN + 5}

_FROM_PACKAGES = ("pam.d", "systemd", "dbus-1", "polkit-1", "security", "default")
# Debian's pam-auth-update, as it writes them for libpam-systemd; the account phase keeps the password out of it.
_PAM_COMMON = {
    "auth": "auth required pam_unix.so\n",
    "account": "account required pam_unix.so\n",
    "password": "password required pam_unix.so\n",
    "session-noninteractive": "session required pam_unix.so\n",
    "session": "session required pam_unix.so\nsession optional pam_systemd.so\n",
}
_SYSTEM_USERS = {"messagebus": 101, "polkitd": 102, "systemd-network": 998}
_ENABLED = {"multi-user.target.wants": ("ssh.service",), "sockets.target.wants": ("dbus.socket",)}
_MASKED = ("getty.target", "console-getty.service", "systemd-networkd.service", "systemd-resolved.service")


def check(init: str, sshd: str, logind_options) -> None:
    if init not in INITS:
        raise LabError(f"there is no init {init}: one of {', '.join(INITS)}")
    if init == "systemd" and sshd != "openssh":
        raise LabError("a host with systemd has OpenSSH")
    if logind_options and init != "systemd":
        raise LabError("only a host with systemd has logind")


def package_sets(init: str) -> tuple[str, ...]:
    return () if init == "busybox" else (init,)


def sshd_options(init: str) -> tuple[str, ...]:
    return () if init == "busybox" else ("UsePAM yes",)


def command(init: str):
    """Program, arguments and environment, as execve(2) wants them."""
    return _COMMANDS[init]


def reboot_signal(init: str) -> int:
    return _REBOOT_SIGNALS[init]


def write_systemd_etc(etc: pathlib.Path, spec) -> None:
    """What the packages' postinst scripts would have made, and their own files in /etc."""
    for layer in [*packages.layers("host"), *packages.layers("systemd")]:
        for name in _FROM_PACKAGES:
            if (layer / "etc" / name).is_dir():
                shutil.copytree(layer / "etc" / name, etc / name, symlinks=True, dirs_exist_ok=True)
    for name, text in _PAM_COMMON.items():
        (etc / "pam.d" / f"common-{name}").write_text(text)
    _add_system_users(etc)
    units = etc / "systemd" / "system"
    for directory, names in _ENABLED.items():
        (units / directory).mkdir(parents=True, exist_ok=True)
        for name in names:
            (units / directory / name).symlink_to(f"/usr/lib/systemd/system/{name}")
    for name in _MASKED:
        (units / name).symlink_to("/dev/null")
    (units / "default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    (etc / "default" / "ssh").write_text(f"SSHD_OPTS='-E {servers.LOG_FILE}'\n")
    _drop_in(units / "ssh.service.d", f"[Service]\nExecStartPre=/bin/sleep {spec['booting_for']:g}\n")
    options = "".join(f"{option}\n" for option in spec["logind_options"])
    _drop_in(etc / "systemd" / "logind.conf.d", f"[Login]\n{options}")


def _add_system_users(etc: pathlib.Path) -> None:
    for name, line in (("passwd", "{0}:x:{1}:{1}::/nonexistent:/usr/sbin/nologin\n"), ("group", "{0}:x:{1}:\n"),
                       ("shadow", "{0}:!:19700::::::\n")):
        with open(etc / name, "a", encoding="ascii") as file:
            file.write("".join(line.format(user, uid) for user, uid in _SYSTEM_USERS.items()))


def _drop_in(directory: pathlib.Path, text: str) -> None:
    directory.mkdir(parents=True)
    (directory / "lab.conf").write_text(text)
