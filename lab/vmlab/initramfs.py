"""The guest's root: a cpio archive of busybox, OpenSSH's sshd and a few kernel modules.

Two archives, one after the other, as the kernel allows: a large one that depends only
on the packages and is cached, and a small one with what belongs to one VM (its keys,
its addresses, its name).
"""

import hashlib
import os
import pathlib
import re
import stat
import subprocess

from . import packages
from .places import LabError, guest_cache

_LOADED = ("virtio_pci", "virtio_net", "virtio_blk", "virtio-rng", "pvpanic-pci", "evdev", "button")
# For tests to load: `insmod /lib/modules/sch_netem.ko`.
_OFFERED = ("sch_netem", "softdog", "dm-mod", "dm-flakey", "dm-delay", "nf_tables")
_FROM_LIBC = ("ld-linux-x86-64.so.2", "libc.so.6", "libresolv.so.2", "libm.so.6")
_NOT_NEEDED = ("libssl.so", "libpanel", "libnss_", "libpcreposix")
_PROGRAMS = ("usr/sbin/sshd", "usr/lib/openssh/sftp-server")


class Archive:
    """A cpio archive in the "newc" format; everything in it belongs to root."""

    def __init__(self):
        self._bytes = bytearray()
        self._inode = 0
        self._directories = set()

    def file(self, path: str, content, mode: int = 0o644) -> None:
        self._parents(path)
        content = content.encode() if isinstance(content, str) else content
        self._entry(path, stat.S_IFREG | mode, content)

    def link(self, path: str, target: str) -> None:
        self._parents(path)
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def directory(self, path: str, mode: int = 0o755) -> None:
        if path not in self._directories:
            self._parents(path)
            self._directories.add(path)
            self._entry(path, stat.S_IFDIR | mode, b"")

    def device(self, path: str, major: int, minor: int) -> None:
        self._parents(path)
        self._entry(path, stat.S_IFCHR | 0o600, b"", (major, minor))

    def closed(self) -> bytes:
        self._entry("TRAILER!!!", 0, b"")
        return bytes(self._bytes) + b"\0" * (-len(self._bytes) % 512)

    def _parents(self, path: str) -> None:
        parent = os.path.dirname(path)
        if parent:
            self.directory(parent)

    def _entry(self, path: str, mode: int, content: bytes, device=(0, 0)) -> None:
        self._inode += 1
        name = path.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0)
        self._bytes += b"070701" + b"".join(b"%08X" % field for field in fields) + name
        self._bytes += b"\0" * (-len(self._bytes) % 4)
        self._bytes += content
        self._bytes += b"\0" * (-len(self._bytes) % 4)


def base_archive() -> pathlib.Path:
    """The cached archive; its name is a hash of the packages and of the code that builds it."""
    layers = packages.layers("vm")
    guest = pathlib.Path(__file__).with_name("guest")
    scripts = sorted(guest.iterdir())
    seed = [layer.name for layer in layers] + [path.read_text() for path in scripts]
    seed.append(pathlib.Path(__file__).read_text())
    digest = hashlib.sha256("\0".join(seed).encode()).hexdigest()[:16]
    final = guest_cache() / f"initramfs-{digest}.cpio"
    if not final.exists():
        scratch = final.with_name(f".{final.name}.{os.getpid()}")
        scratch.write_bytes(_build(layers, scripts))
        scratch.rename(final)
    return final


def _build(layers, scripts) -> bytes:
    archive = Archive()
    for name in ("bin", "sbin", "lib", "lib64"):
        archive.link(name, f"usr/{name}")
    for name in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/lib/modules", "dev", "proc", "sys",
                 "run", "mnt", "home", "var", "root", "etc", "disk"):
        archive.directory(name)
    archive.directory("tmp", 0o1777)
    archive.device("dev/console", 5, 1)  # what the kernel opens for /init
    _add_busybox(archive, packages.find(layers, "usr/bin/busybox"))
    for name in _PROGRAMS:
        archive.file(name, packages.find(layers, name).read_bytes(), 0o755)
    _add_libraries(archive, layers)
    _add_modules(archive, layers)
    for path in scripts:
        archive.file("init" if path.name == "init" else f"etc/{path.name}", path.read_text(), 0o755)
    return archive.closed()


def _add_busybox(archive: Archive, busybox: pathlib.Path) -> None:
    archive.file("usr/bin/busybox", busybox.read_bytes(), 0o755)
    listed = subprocess.run([busybox, "--list-full"], capture_output=True, text=True,
                            check=True, timeout=20).stdout.split()
    merged = {path if path.startswith("usr/") else f"usr/{path}" for path in listed}
    for path in sorted(merged - {"usr/bin/busybox", "usr/linuxrc"}):
        archive.link(path, "/usr/bin/busybox")


def _add_libraries(archive: Archive, layers) -> None:
    for layer in layers:
        for path in sorted(layer.glob("usr/lib/x86_64-linux-gnu/*.so.*")):
            if layer.name.startswith("libc6_") and path.name not in _FROM_LIBC:
                continue
            if path.name.startswith(_NOT_NEEDED):
                continue
            name = f"usr/lib/x86_64-linux-gnu/{path.name}"
            if path.is_symlink():
                archive.link(name, os.path.basename(os.readlink(path)))
            else:
                archive.file(name, path.read_bytes(), 0o755)
    archive.link("usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")


def _add_modules(archive: Archive, layers) -> None:
    """There is no depmod in the guest: every module comes after those it says it depends on."""
    found = {path.stem.replace("-", "_"): path
             for layer in layers for path in layer.glob("usr/lib/modules/**/*.ko")}
    loaded, offered = _with_dependencies(found, _LOADED), _with_dependencies(found, _OFFERED)
    for name in dict.fromkeys(loaded + offered):
        archive.file(f"usr/lib/modules/{name}.ko", found[name].read_bytes())
    archive.file("usr/lib/modules/order", "".join(f"{name}\n" for name in loaded))


def _with_dependencies(found, names) -> list[str]:
    """A name without a file is built into this kernel."""
    order: list[str] = []
    for name in (name.replace("-", "_") for name in names):
        if name not in found or name in order:
            continue
        declared = re.search(rb"\0depends=([^\0]*)\0", found[name].read_bytes())
        needed = declared[1].decode().split(",") if declared else []
        order += [other for other in _with_dependencies(found, needed) if other not in order]
        order.append(name)
    return order
