"""The SSH servers a host can run: how each gets its keys and how it is started.

`start` is a shell line run as root inside the host. It returns once the server is in
the background; the listener's pid is then in PID_FILE and its output in LOG_FILE.
"""

import pathlib
import shutil

from . import keys, packages
from .places import LabError

PID_FILE = "/run/sshd.pid"
LOG_FILE = "/run/lab/sshd.log"
PROCESS_NAMES = ("sshd", "dropbear", "tinysshd")


class OpenSsh:
    """sshd of Debian 12, as it comes, but without PAM and with a log of its own."""

    package_set = "host"

    def make_host_keys(self, directory: pathlib.Path) -> list[str]:
        return [keys.generate(directory / f"ssh_host_{kind}_key", ["-t", kind])
                for kind in ("ed25519", "ecdsa")]

    def config(self, port: int, options) -> str:
        """The first value wins in sshd_config, so the caller's options come first."""
        lines = [*options, f"Port {port}", f"PidFile {PID_FILE}", "UsePAM no",
                 "LogLevel VERBOSE", "PasswordAuthentication no",
                 "KbdInteractiveAuthentication no", "AcceptEnv LANG LC_*",
                 "HostKey /etc/ssh/keys/ssh_host_ed25519_key",
                 "HostKey /etc/ssh/keys/ssh_host_ecdsa_key",
                 "Subsystem sftp /usr/lib/openssh/sftp-server"]
        return "\n".join(lines) + "\n"

    def start(self, _port: int) -> str:
        return f"/usr/sbin/sshd -E {LOG_FILE}"


class Dropbear:
    """Small, common in routers and initramfs images; no server-side options in a file."""

    package_set = "dropbear"

    def make_host_keys(self, directory: pathlib.Path) -> list[str]:
        return [self._make(directory, kind) for kind in ("ed25519", "ecdsa")]

    def _make(self, directory: pathlib.Path, kind: str) -> str:
        path = directory / f"dropbear_{kind}"
        path.unlink(missing_ok=True)
        printed = keys.run_unpacked(["dropbearkey", "-t", kind, "-f", str(path)],
                                    packages.layers("dropbear"))
        (line,) = [line for line in printed.splitlines() if "AAAA" in line]
        return keys.public_part(line)

    def config(self, _port: int, options) -> str:
        if options:
            raise LabError("dropbear takes no --sshd-option")
        return ""

    def start(self, port: int) -> str:
        return (f"/usr/sbin/dropbear -E -p {port} -P {PID_FILE} -r /etc/ssh/keys/dropbear_ed25519 "
                f"-r /etc/ssh/keys/dropbear_ecdsa")


class TinySsh:
    """ed25519 only, started per connection: a server unlike the other two."""

    package_set = "tinyssh"

    def make_host_keys(self, directory: pathlib.Path) -> list[str]:
        layers = packages.layers("tinyssh")
        shutil.rmtree(directory / "tinyssh", ignore_errors=True)
        keys.run_unpacked(["tinysshd-makekey", str(directory / "tinyssh")], layers)
        return [keys.public_part(
            keys.run_unpacked(["tinysshd-printkey", str(directory / "tinyssh")], layers))]

    def config(self, _port: int, options) -> str:
        if options:
            raise LabError("tinyssh takes no --sshd-option")
        return ""

    def start(self, port: int) -> str:
        return (f"/usr/bin/python3 -IS /run/lab/inetd.py {port} {PID_FILE} "
                f"/usr/sbin/tinysshd -v /etc/ssh/keys/tinyssh")


SERVERS = {"openssh": OpenSsh, "dropbear": Dropbear, "tinyssh": TinySsh}
