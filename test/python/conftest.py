# SPDX-License-Identifier: Apache-2.0
"""Finds the built package, and runs the whole session inside `lab/enter` (as root), where hosts are made."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = pathlib.Path(os.environ.get("VMC_PYTHON_PACKAGE") or ROOT / "build" / "release" / "python")
LAB_TROUBLE = "VMC_TEST_LAB_TROUBLE"

sys.path.insert(0, str(PACKAGE))


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "error")
    if not list(PACKAGE.glob("vm_connection/_core*.so")):
        raise pytest.UsageError(f"there is no module in {PACKAGE}: run ./check, or cmake --preset release and "
                                "cmake --build --preset release, first")
    try:
        import vm_connection._core  # noqa: F401
    except ImportError as error:
        raise pytest.UsageError(f"the module is not built for {sys.executable} ({error}): "
                                "use /usr/bin/python3 -m pytest") from error
    import vm_connection.testing

    # Not `pytest_plugins`, as others write it: pytest wants that in a conftest of the root only.
    config.pluginmanager.register(vm_connection.testing)
    if not (config.option.collectonly or os.environ.get("VMLAB_SESSION") or os.environ.get(LAB_TROUBLE)):
        _enter_lab(config)
    # What the library keeps (host keys, denied logins) stays out of the user's home.
    state = tempfile.TemporaryDirectory(prefix="vmc-state-")
    config.add_cleanup(state.cleanup)
    os.environ["XDG_STATE_HOME"] = state.name


def _enter_lab(config):
    enter = ROOT / "lab" / "enter"
    tried = subprocess.run([enter, "true"], capture_output=True, text=True)
    if tried.returncode != 0:
        os.environ[LAB_TROUBLE] = tried.stderr.strip() or f"lab/enter ended with {tried.returncode}"
        return
    config.pluginmanager.getplugin("capturemanager").stop_global_capturing()
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(enter, [str(enter), sys.executable, "-m", "pytest", *config.invocation_params.args])


class Host:
    """A throwaway host with a real sshd; the fields of `lab/host up` are attributes."""

    def __init__(self, facts):
        self.__dict__.update(facts)

    def do(self, *words):
        return lab_host(words[0], self.name, *words[1:])

    def shell(self, line):
        """Runs inside, without ssh."""
        return subprocess.run([ROOT / "lab" / "host", "exec", self.name, "--", "/bin/sh", "-c", line],
                              capture_output=True, text=True, timeout=30)

    def running(self, pattern):
        """How many processes there have this in their command line."""
        # The brackets keep the pattern from finding the shell that looks for it.
        found = self.shell("cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | "
                           f"grep -o '[{pattern[0]}]{pattern[1:]}' | wc -l")
        return int(found.stdout)

    def reboot(self):
        self.boot_id = self.do("reboot")["boot_id"]

    def where(self, user="root", key=None):
        """The arguments of a connection."""
        return dict(host=self.address, user=user, key_path=key or self.key, port=self.port)


def lab_host(*words):
    done = subprocess.run([ROOT / "lab" / "host", *map(str, words)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def new_host():
    """new_host(*options of `lab/host up`) makes one more host; all are gone when the session ends."""
    trouble = os.environ.get(LAB_TROUBLE)
    if trouble:
        pytest.fail(f"this test needs the lab: {trouble}", pytrace=False)
    return lambda *options: Host(lab_host("up", *options))


@pytest.fixture(scope="session")
def host(new_host):
    """One host for every test that leaves it as it was."""
    return new_host("--name", "py", "--user", "ubuntu", "--sshd-option", "MaxStartups 300",
                    "--sshd-option", "MaxSessions 100")


@pytest.fixture
def own_host(new_host):
    """A host to break. It stays until the session ends: the next one must not get its address, and be taken for it."""
    return new_host()


@pytest.fixture
def conn(host):
    from vm_connection import SSHConnection

    with SSHConnection(**host.where()) as connection:
        yield connection
