"""A private sshd on 127.0.0.1, unpacked from Debian's openssh-server package.

It has its own configuration, host key, client key and mount namespace; in there the
account it logs in to has dash for a login shell and an empty home, so that no start-up
file of yours is measured. Nothing of the system's own sshd is read or touched.
"""

import getpass
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lab"))
from vmlab import packages  # noqa: E402  pylint: disable=wrong-import-position

_START_SECONDS = 10

# Runs as root of a fresh mount namespace. /run/sshd is where sshd wants its empty directory.
_INSIDE = """
mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/shadow" /etc/shadow &&
mount -t tmpfs -o mode=755 none /run && mkdir -p /run/sshd && shift &&
exec setpriv --pdeathsig TERM --inh-caps -all -- "$@"
"""


class Server:
    """Started by entering it, ended by leaving it, whatever the reason."""

    def __init__(self, directory: pathlib.Path, max_sessions: int = 50):
        self.directory = directory.resolve()
        self.max_sessions = max_sessions
        self.host = "127.0.0.1"
        self.port = _free_port()
        self.user = getpass.getuser()
        self.key = self.directory / "client_key"
        self.known_hosts = self.directory / "known_hosts"
        self._sshd = None

    def __enter__(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        (self.directory / "home").mkdir(parents=True)
        self._make_keys()
        self._write_accounts()
        layers = packages.layers("host")
        sshd = packages.find(layers, "usr/sbin/sshd")
        (self.directory / "sshd_config").write_text(self._config())
        libraries = ":".join(str(layer / "usr/lib/x86_64-linux-gnu") for layer in layers)
        namespace = ["unshare", "--mount"]
        if os.geteuid() != 0:
            namespace = ["unshare", "--map-current-user", "--keep-caps", "--mount"]
        with open(self.directory / "sshd.log", "w", encoding="utf-8") as log:
            self._sshd = subprocess.Popen(
                [*namespace, "sh", "-c", _INSIDE, "sh", str(self.directory),
                 str(sshd), "-D", "-e", "-f", str(self.directory / "sshd_config")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": libraries})
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._sshd and self._sshd.poll() is None:
            self._sshd.send_signal(signal.SIGTERM)
            try:
                self._sshd.wait(5)
            except subprocess.TimeoutExpired:
                self._sshd.kill()
                self._sshd.wait()

    def ssh_config(self, name: str, extra=()) -> pathlib.Path:
        """A client configuration in which the server is called `bench`; for ssh and vmc alike."""
        path = self.directory / name
        path.write_text("\n".join([
            "Host bench", f"  HostName {self.host}", f"  Port {self.port}", f"  User {self.user}",
            f"  IdentityFile {self.key}", "  IdentitiesOnly yes", "  IdentityAgent none",
            f"  UserKnownHostsFile {self.known_hosts}", "  GlobalKnownHostsFile /dev/null",
            "  StrictHostKeyChecking yes", "  BatchMode yes", "  UpdateHostKeys no",
            *(f"  {line}" for line in extra)]) + "\n")
        return path

    def _make_keys(self):
        for name in ("host_key", "client_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name,
                            "-f", str(self.directory / name)], check=True, stdin=subprocess.DEVNULL)
        (self.directory / "authorized_keys").write_text((self.directory / "client_key.pub").read_text())
        public = (self.directory / "host_key.pub").read_text()
        self.known_hosts.write_text(f"[{self.host}]:{self.port} {public}{self.host} {public}")

    def _write_accounts(self):
        """The system's accounts, but ours with dash and the bench's home, and one for privilege separation."""
        lines = []
        for entry in pwd.getpwall():
            if entry.pw_name == self.user:
                entry = [*entry[:5], str(self.directory / "home"), "/bin/dash"]
            elif entry.pw_name == "sshd":
                continue
            lines.append(":".join(str(field) for field in entry))
        lines.append("sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin")
        (self.directory / "passwd").write_text("\n".join(lines) + "\n")
        # A locked password would lock the account, also for keys.
        (self.directory / "shadow").write_text(f"{self.user}:*:19000:0:99999:7:::\n")

    def _config(self) -> str:
        return "\n".join([
            f"ListenAddress {self.host}", f"Port {self.port}", f"HostKey {self.directory}/host_key",
            f"AuthorizedKeysFile {self.directory}/authorized_keys", "PidFile none", "UsePAM no",
            "StrictModes no", "PermitRootLogin yes", "PasswordAuthentication no",
            "KbdInteractiveAuthentication no", "MaxStartups 500", f"MaxSessions {self.max_sessions}", "UseDNS no",
            "PrintMotd no", "PrintLastLog no", "LogLevel ERROR"]) + "\n"

    def _wait_until_it_listens(self):
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._sshd.poll() is not None:
                break
            try:
                with socket.create_connection((self.host, self.port), 1) as link:
                    link.settimeout(1)
                    if link.recv(64).startswith(b"SSH-2.0"):
                        return
            except OSError:
                time.sleep(0.05)
        words = (self.directory / "sshd.log").read_text().strip() or "it said nothing"
        raise packages.LabError(f"the private sshd does not answer: {words}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
