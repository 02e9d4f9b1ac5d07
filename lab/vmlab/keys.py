"""Key pairs for logging in, made once per checkout, and the host keys of one host.

`wrong` is a good key that no host accepts; `encrypted` has the passphrase "lab".
"""

import base64
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from . import packages
from .places import LabError, build_directory

PASSPHRASE = "lab"
_CLIENT_KEYS = {
    "ed25519": ["-t", "ed25519"],
    "ecdsa": ["-t", "ecdsa"],
    "rsa": ["-t", "rsa", "-b", "3072"],
    "encrypted": ["-t", "ed25519", "-N", PASSPHRASE],
    "wrong": ["-t", "ed25519"],
}
_ACCEPTED = ("ed25519", "ecdsa", "rsa", "encrypted")


def client_keys() -> dict[str, str]:
    """The private key files by kind. Per user: ssh refuses a key others can read."""
    final = build_directory() / f"keys.u{os.geteuid()}"
    if not final.is_dir():
        scratch = pathlib.Path(tempfile.mkdtemp(dir=final.parent, prefix=".keys-"))
        for kind, options in _CLIENT_KEYS.items():
            generate(scratch / f"id_{kind}", options)
        try:
            scratch.rename(final)
        except OSError:
            shutil.rmtree(scratch)  # another run was faster
    return {kind: str(final / f"id_{kind}") for kind in _CLIENT_KEYS}


def authorized_keys() -> str:
    paths = client_keys()
    return "".join(pathlib.Path(paths[kind] + ".pub").read_text() for kind in _ACCEPTED)


def generate(path: pathlib.Path, options) -> str:
    """A fresh key pair; returns the public key as `type base64`."""
    passphrase = [] if "-N" in options else ["-N", ""]
    path.unlink(missing_ok=True)
    run_unpacked(["ssh-keygen", "-q", "-C", f"vmlab {path.name}", "-f", str(path),
                  *options, *passphrase], packages.layers("host"))
    return public_part(path.with_name(path.name + ".pub").read_text())


def public_part(line: str) -> str:
    return " ".join(line.split()[:2])


def fingerprint(public_key: str) -> str:
    """SHA256:… as ssh prints it."""
    digest = hashlib.sha256(base64.b64decode(public_key.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def run_unpacked(command, layers) -> str:
    """Run a program of the machine, or else of an unpacked package with its libraries."""
    program, environment = shutil.which(command[0]), dict(os.environ)
    if not program:
        names = [f"usr/bin/{command[0]}", f"usr/sbin/{command[0]}"]
        found = [layer / name for layer in layers for name in names if (layer / name).exists()]
        if not found:
            raise LabError(f"{command[0]} is missing")
        program = str(found[0])
        libraries = [path for layer in layers for path in layer.glob("usr/lib/*-linux-gnu")]
        environment["LD_LIBRARY_PATH"] = ":".join(map(str, libraries))
    done = subprocess.run([program, *command[1:]], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise LabError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout
