"""The guest's kernel, unpacked once so that no guest has to.

QEMU starts an uncompressed kernel directly (PVH). Besides being quicker, this keeps a
reset as quick as a first start: emulated, a kernel that unpacks itself over the old
one's pages runs many times slower, because translated code lives there.
"""

import ctypes
import os
import pathlib
import struct

from . import packages
from .places import LabError, guest_cache

_LZ4_LEGACY = b"\x02\x21\x4c\x18"
_LZ4_BLOCK = 8 << 20
_XEN_NOTE = b"Xen\0"  # the ELF note with the PVH entry point carries this name


def path() -> pathlib.Path:
    """An uncompressed kernel if this one can be started so, else the package's own file."""
    layers = packages.layers("vm")
    images = [image for layer in layers for image in (layer / "boot").glob("vmlinuz-*")]
    if not images:
        raise LabError("the fetched packages hold no kernel: run tools/fetch-guest --refresh vm")
    final = guest_cache() / images[0].name.replace("vmlinuz", "vmlinux")
    if not final.exists() or final.stat().st_mtime < images[0].stat().st_mtime:
        unpacked = _unpack(images[0].read_bytes(), layers)
        if not unpacked:
            return images[0]
        scratch = final.with_name(f".{final.name}.{os.getpid()}")
        scratch.write_bytes(unpacked)
        scratch.rename(final)
    return final


def _unpack(image: bytes, layers) -> bytes:
    """See Documentation/x86/boot.rst: where the payload lies in a bzImage."""
    setup_sectors = image[0x1F1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    payload = image[start:start + length]
    if not payload.startswith(_LZ4_LEGACY):
        return b""
    library = ctypes.CDLL(str(packages.find(layers, "usr/lib/x86_64-linux-gnu/liblz4.so.1")))
    output, at = bytearray(), 4
    room = ctypes.create_string_buffer(_LZ4_BLOCK)
    while at + 4 < len(payload):
        size = struct.unpack_from("<I", payload, at)[0]
        block = payload[at + 4:at + 4 + size]
        if not size or len(block) < size:
            break  # the last four bytes are the unpacked size, for the kernel's own unpacker
        count = library.LZ4_decompress_safe(block, room, size, _LZ4_BLOCK)
        if count < 0:
            return b""
        output += room.raw[:count]
        at += 4 + size
    return bytes(output) if output.startswith(b"\x7fELF") and _XEN_NOTE in output else b""
