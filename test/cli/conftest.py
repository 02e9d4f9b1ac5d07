# SPDX-License-Identifier: Apache-2.0
"""Runs vmc as a person would, against hosts of the lab: `lab/enter /usr/bin/python3 -m pytest test/cli`."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lab"), str(ROOT / "test")]
VMC = os.environ.get("VMC") or str(ROOT / "build" / "release" / "bin" / "vmc")


def pytest_configure(config):
    config.addinivalue_line("markers", "host: needs a host of the lab")
    if not os.access(VMC, os.X_OK):
        raise pytest.UsageError(f"there is no program {VMC}: run ./check, or name it in VMC")
    # Under nohup or a shell's `&` we were started with these ignored, and vmc would rightly keep them so.
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Ended:
    """How one vmc ended: bytes as they came, text where that is what is looked at."""

    def __init__(self, code, out, err, seconds):
        self.code, self.stdout, self.stderr, self.seconds = code, out, err, seconds

    @property
    def out(self):
        return self.stdout.decode(errors="replace")

    @property
    def err(self):
        return self.stderr.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code} after {self.seconds:.1f} s, stdout {self.stdout[:400]!r}, stderr {self.err!r}"


class Vmc:
    """A home of its own: no test sees another's state, settings or keys."""

    def __init__(self, home):
        self.home = home
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"), "LC_ALL": "C.UTF-8", "TERM": "xterm"}

    def start(self, *words, **options):
        """Popen, without a controlling terminal: nobody can be asked."""
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   "env": self.environment, "start_new_session": True, **options}
        return subprocess.Popen([VMC, *map(os.fspath, words)], **options)

    def __call__(self, *words, within=30, feed=None, **options):
        """Runs to its end. `within`: a vmc that takes longer has broken its promise of a deadline."""
        if feed is not None:
            options["stdin"] = subprocess.PIPE
        began = time.monotonic()
        process = self.start(*words, **options)
        try:
            out, err = process.communicate(feed, timeout=within)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            pytest.fail(f"vmc {' '.join(map(str, words))} still ran after {within} s: {out[:300]!r} {err!r}")
        return Ended(process.returncode, out or b"", err or b"", time.monotonic() - began)

    def settings(self, text):
        path = self.home / "config" / "vm-connection" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


@pytest.fixture
def vmc(tmp_path):
    return Vmc(tmp_path)


@pytest.fixture(scope="session")
def no_key():
    """A good key that opens nothing: for servers that are never logged in to."""
    from vmlab import keys
    return ("-i", keys.client_keys()["wrong"])


@pytest.fixture(scope="session")
def lab():
    """vmlab.host.Host, inside `lab/enter`."""
    from vmlab import host, places
    if not os.environ.get(places.SESSION_VARIABLE):
        pytest.fail("this test needs a lab session: lab/enter /usr/bin/python3 -m pytest test/cli (as root)")
    return host.Host


class At:
    """A host of the lab, and how vmc is told to reach it."""

    def __init__(self, host):
        self.host = host
        facts = host.describe()
        self.__dict__.update(facts)
        self.name = f"root@{facts['address']}:{facts['port']}"
        self.words = ("-i", facts["key"], self.name)

    def denials(self):
        log = self.host.log()
        return sum(line.count("Failed publickey") for line in log.splitlines())


@pytest.fixture(scope="session")
def shared_host(lab):
    """For tests that leave it as they found it."""
    host = lab.up(name="shared")
    yield At(host)
    host.down()


@pytest.fixture
def at(shared_host, vmc):
    """Known to the person at the keyboard: nothing is said about its key."""
    ssh = vmc.home / ".ssh"
    ssh.mkdir()
    (ssh / "known_hosts").write_text(shared_host.known_hosts)
    return shared_host


@pytest.fixture
def own_host(lab):
    """Makes hosts for tests that cut, reboot or re-install them."""
    made = []

    def make(**wishes):
        made.append(lab.up(**wishes))
        return At(made[-1])

    yield make
    for host in made:
        host.down()


SHELLS = ("/usr/bin/zsh", "/usr/bin/fish", "/usr/bin/tcsh", "/usr/bin/mksh", "/bin/ash")


@pytest.fixture(scope="session")
def polyglot_host(lab):
    """A user with each login shell, named after it."""
    host = lab.up(name="polyglot", shells=SHELLS)
    yield At(host)
    host.down()


@pytest.fixture
def polyglot(polyglot_host):
    return lambda shell: ("-i", polyglot_host.key,
                          f"{os.path.basename(shell)}@{polyglot_host.address}:{polyglot_host.port}")


class Server:
    """A TCP server on loopback that does one thing with each connection. `calls`: how many came."""

    def __init__(self, act, family="inet"):
        import socket
        self.calls = 0
        self._act = act
        v6 = family == "inet6"
        self.socket = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET)
        self.socket.bind(("::1" if v6 else "127.0.0.1", 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        self.name = f"root@[::1]:{self.port}" if v6 else f"root@127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self):
        """Not close() alone: a thread that still waits in accept() would take the next file of that number."""
        import socket
        self.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self.socket.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.calls += 1
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection):
        try:
            self._act(connection)
        except OSError:
            pass


@pytest.fixture
def server():
    made = []

    def make(act, family="inet"):
        made.append(Server(act, family))
        return made[-1]

    yield make
    for one in made:
        one.end()


def one_line(ended):
    """stderr is one line from us; that line."""
    lines = ended.err.splitlines()
    assert len(lines) == 1, ended
    assert lines[0].startswith("vmc: "), ended
    return lines[0]
