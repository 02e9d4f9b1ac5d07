"""Programs of this machine inside a VM: each with its own libraries and its own loader.

The guest has a C library of its own, which may be older than the machine's.
"""

import os
import pathlib
import re
import shutil
import subprocess

from .initramfs import Archive
from .places import LabError


def add(archive: Archive, name: str) -> None:
    """Becomes /usr/local/sbin/NAME."""
    search = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # not on everyone's PATH
    path = shutil.which(name, path=search)
    if not path:
        raise LabError(f"there is no program {name} on this machine")
    name = os.path.basename(path)
    needed = subprocess.run(["ldd", path], capture_output=True, text=True, timeout=20, check=False).stdout
    libraries = [pathlib.Path(found) for found in re.findall(r"(/\S+) \(0x", needed)]
    for file in (pathlib.Path(path), *libraries):
        archive.file(f"opt/{name}/{file.name}", file.read_bytes(), 0o755)
    loader = next((f"/opt/{name}/{file.name} --library-path /opt/{name} " for file in libraries
                   if file.name.startswith("ld")), "")
    archive.file(f"usr/local/sbin/{name}", f'#!/bin/sh\nexec {loader}/opt/{name}/{name} "$@"\n', 0o755)
