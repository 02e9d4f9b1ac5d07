"""What a namespace host sees: the machine's own programs under a root of its own.

Runs as process 1 of the host, before it becomes init. /usr is the machine's, read-only,
with the unpacked sshd, sudo and busybox laid over it. /etc, /run and /tmp are in memory
and new at each boot; /home, /root and /var are on the host's disk. No mount leads to a
filesystem of the machine that could be frozen or remounted from inside.
"""

import os
import pathlib
import shutil
import stat

from . import accounts, inits, kernel, servers

_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8),
            "urandom": (1, 9), "tty": (5, 0)}
# Writable in a host: its network, and the pid counter (to force a pid to be reused).
_WRITABLE_SYSCTLS = ("net", "kernel/ns_last_pid")
# Capabilities over what no namespace covers: the machine's clock, modules, memory, devices.
FORBIDDEN = {"sys_time": 25, "sys_module": 16, "sys_rawio": 17, "mknod": 27}
_PAM = "auth sufficient pam_permit.so\naccount sufficient pam_permit.so\nsession sufficient pam_permit.so\n"
_SUDOERS = ("Defaults env_reset\nDefaults secure_path=/usr/sbin:/usr/bin:/sbin:/bin\n"
            "root ALL=(ALL:ALL) ALL\ntester ALL=(ALL:ALL) NOPASSWD: ALL\n"
            "admin ALL=(ALL:ALL) ALL\noperator ALL=(ALL:ALL) ALL, NOPASSWD: /usr/bin/id\n")
_PAM_SUDO = _PAM.replace("sufficient pam_permit", "required pam_unix", 1)


def assemble(spec, directory: pathlib.Path, disk, layers) -> None:
    """Build the root and move into it; directory is the host's own, in the session."""
    root = directory / "mnt"
    kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("lab", str(root), "tmpfs", 0, "size=64m,mode=0755")
    for name in ("usr", "etc", "proc", "sys", "dev", "run", "tmp", "home", "var", "root", "mnt"):
        (root / name).mkdir()
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if os.path.islink(f"/{name}"):
            (root / name).symlink_to(f"usr/{name}")
    ours, unpacked = [str(directory.parents[1] / "layer")], [f"{layer}/usr" for layer in layers]
    # systemd brings its own `reboot` and kin.
    lower = ":".join([*(unpacked + ours if spec["init"] == "systemd" else ours + unpacked), "/usr"])
    kernel.mount("usr", str(root / "usr"), "overlay", kernel.MS_RDONLY, f"lowerdir={lower}")
    _write_etc(root / "etc", spec, directory)
    _mount_disk(root, spec, disk)
    _mount_memory(root, directory)
    _make_devices(root / "dev")
    _mount_kernel_files(root, directory / "boot_id")
    if spec["init"] == "systemd":
        kernel.mount("cgroup2", str(root / "sys/fs/cgroup"), "cgroup2",
                     kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    kernel.set_hostname(spec["name"])
    kernel.pivot_root(str(root))
    kernel.drop_capabilities(FORBIDDEN.values())


def make_layer(directory: pathlib.Path) -> None:
    """Names every host has, whatever the machine has: busybox's ash, reboot and kin."""
    for name in ("bin/ash", "sbin/reboot", "sbin/poweroff", "sbin/halt", "sbin/init"):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to("/usr/bin/busybox")


def _write_etc(etc: pathlib.Path, spec, directory: pathlib.Path) -> None:
    people = [accounts.User(user["name"], user["uid"], user["shell"]) for user in spec["users"]]
    for name, text in accounts.etc_files(people, spec["name"], spec["machine_id"]).items():
        (etc / name).write_text(text)
    (etc / "shadow").chmod(0o640)
    for name in ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "terminfo",
                 "zsh", "fish", "localtime"):
        source = pathlib.Path("/etc", name)
        if source.is_dir():
            shutil.copytree(source, etc / name, symlinks=True)
        elif source.exists():
            shutil.copy(source, etc / name)
    server = servers.SERVERS[spec["sshd"]]()
    (etc / "ssh").mkdir()
    options = [*spec["sshd_options"], *inits.sshd_options(spec["init"])]
    (etc / "ssh" / "sshd_config").write_text(server.config(spec["port"], options))
    shutil.copytree(directory / "hostkeys", etc / "ssh" / "keys")
    (etc / "sudoers").write_text(_SUDOERS)
    (etc / "sudoers").chmod(0o440)
    (etc / "pam.d").mkdir()
    (etc / "pam.d" / "other").write_text(_PAM)
    (etc / "pam.d" / "sudo").write_text(_PAM_SUDO)
    # No exec: sshd whose parent is process 1 takes itself for a daemon already and stays.
    _script(etc / "lab-sshd", f"mkdir -p /run/sshd\nexec </dev/null >>{servers.LOG_FILE} 2>&1\n"
            f"{server.start(spec['port'])}\n")
    wait = f"sleep {spec['booting_for']:g}\n" if spec["booting_for"] else ""
    _script(etc / "lab-boot", f"{wait}/etc/lab-sshd\n")
    (etc / "inittab").write_text("::sysinit:/etc/lab-boot\n")
    if spec["init"] == "systemd":
        inits.write_systemd_etc(etc, spec)
        _script(etc / "lab-sshd", "exec systemctl start ssh\n")


def _script(path: pathlib.Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(0o755)


def _mount_disk(root: pathlib.Path, spec, disk) -> None:
    disk.mount(str(root / "mnt"))
    if not (root / "mnt" / "var").is_dir():
        _provision(root / "mnt", spec)
    for name in ("home", "root", "var"):
        kernel.bind(root / "mnt" / name, root / name)
    kernel.unmount(root / "mnt")


def _provision(disk: pathlib.Path, spec) -> None:
    """The first boot; synced, so that a power cut right after it finds a host to boot."""
    for user in spec["users"]:
        home = disk / user["home"].lstrip("/")
        ssh = home / ".ssh"
        ssh.mkdir(parents=True)
        (ssh / "authorized_keys").write_text(spec["authorized_keys"])
        for path, mode in ((home, 0o700), (ssh, 0o700), (ssh / "authorized_keys", 0o600)):
            path.chmod(mode)
            os.chown(path, user["uid"], user["uid"])
    for name in ("log", "lib", "tmp", "cache", "spool"):
        (disk / "var" / name).mkdir(parents=True)
    (disk / "var" / "tmp").chmod(0o1777)
    (disk / "var" / "run").symlink_to("/run")
    kernel.sync_filesystem(disk)


def _mount_memory(root: pathlib.Path, directory: pathlib.Path) -> None:
    kernel.mount("tmp", str(root / "tmp"), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=1777,size=256m")
    kernel.mount("run", str(root / "run"), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755,size=64m")
    (root / "run" / "lab").mkdir()
    kernel.bind(directory / "record", root / "run" / "lab")
    (root / "ledger").symlink_to("/run/lab/ledger")


def _make_devices(dev: pathlib.Path) -> None:
    kernel.mount("dev", str(dev), "tmpfs", kernel.MS_NOSUID, "mode=0755,size=1m")
    for name, (major, minor) in _DEVICES.items():
        os.mknod(dev / name, 0o666 | stat.S_IFCHR, os.makedev(major, minor))
        (dev / name).chmod(0o666)
    (dev / "pts").mkdir()
    kernel.mount("devpts", str(dev / "pts"), "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC,
                 "newinstance,ptmxmode=0666,mode=0620,gid=5")
    (dev / "shm").mkdir()
    kernel.mount("shm", str(dev / "shm"), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=1777,size=256m")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"),
                         ("stdout", "fd/1"), ("stderr", "fd/2")):
        (dev / name).symlink_to(target)


def _mount_kernel_files(root: pathlib.Path, boot_id: pathlib.Path) -> None:
    """/proc of the host's own processes; switches that reach the machine are read-only."""
    proc = root / "proc"
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    kernel.mount("proc", str(proc), "proc", flags)
    kernel.bind(proc / "sys", proc / "sys", read_only=True)
    for name in _WRITABLE_SYSCTLS:
        if (proc / "sys" / name).exists():
            kernel.bind(proc / "sys" / name, proc / "sys" / name)
            kernel.mount("", str(proc / "sys" / name), flags=kernel.MS_BIND | kernel.MS_REMOUNT)
    if (proc / "sysrq-trigger").exists():
        kernel.bind(proc / "sysrq-trigger", proc / "sysrq-trigger", read_only=True)
    kernel.bind(boot_id, proc / "sys/kernel/random/boot_id", read_only=True)
    kernel.mount("sys", str(root / "sys"), "sysfs", flags | kernel.MS_RDONLY)
