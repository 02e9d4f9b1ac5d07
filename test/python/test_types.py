# SPDX-License-Identifier: Apache-2.0
"""The stubs say what the module does; the package is typed throughout."""

import pathlib
import os
import subprocess
import sys

import vm_connection

PACKAGE = pathlib.Path(vm_connection.__file__).parent
MYPY_PYTHON = "/usr/bin/python3"  # Debian's, where python3-mypy is


def mypy(*words):
    found = subprocess.run([MYPY_PYTHON, "-c", "import mypy"], capture_output=True)
    assert found.returncode == 0, "mypy is missing: apt-get install python3-mypy"
    environment = {**os.environ, "MYPYPATH": str(PACKAGE.parent), "PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run([MYPY_PYTHON, "-m", *words], capture_output=True, text=True, env=environment, timeout=300,
                          cwd=PACKAGE.parent)


def test_the_stubs_agree_with_the_module(tmp_path):
    # Every pybind11 class has its metaclass, and an __init__ even where it cannot be made from Python.
    allowed = tmp_path / "allowed"
    allowed.write_text("vm_connection\\._core\\.(Call|Follow|Listening|Mailbox|Run|Vm)\n"
                       "vm_connection\\._core\\.(Call|Follow|Listening|Run)\\.__init__\n")
    done = mypy("mypy.stubtest", "--allowlist", str(allowed), "vm_connection._core")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_passes_mypy_strict(tmp_path):
    done = mypy("mypy", "--strict", "--cache-dir", str(tmp_path), "-p", "vm_connection")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_user_sees_types(tmp_path):
    (tmp_path / "user.py").write_text(
        "from vm_connection import SSHConnection, VMConnection, aio\n"
        "conn = SSHConnection('h', 'u', 'k')\n"
        "reveal_type(conn.execute('true'))\n"
        "reveal_type(conn.run('true').exit_code)\n"
        "conn.execute(5)\n")
    done = mypy("mypy", "--strict", "--cache-dir", str(tmp_path), str(tmp_path / "user.py"))
    assert 'Revealed type is "builtins.int"' in done.stdout
    assert 'Revealed type is "Union[builtins.int, None]"' in done.stdout
    assert 'incompatible type "int"; expected "str"' in done.stdout
    assert "Found 1 error" in done.stdout, done.stdout


def test_it_is_marked_as_typed():
    assert (PACKAGE / "py.typed").exists() and (PACKAGE / "_core.pyi").exists()


def test_the_stub_of_the_engine_is_an_engine(tmp_path):
    (tmp_path / "engine.py").write_text(
        "from vm_connection import _core\n"
        "from vm_connection._engine import Engine, Target\n"
        "engine: Engine = _core.Vm(Target('h', 'u', 'k'))\n")
    done = mypy("mypy", "--strict", "--cache-dir", str(tmp_path), str(tmp_path / "engine.py"))
    assert done.returncode == 0, done.stdout


def test_importing_does_not_start_anything():
    code = ("import threading, os, vm_connection, vm_connection.aio, vm_connection.testing\n"
            "print(threading.active_count(), len(os.listdir('/proc/self/task')))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)})
    assert done.stdout == "1 1\n", done.stderr
