# SPDX-License-Identifier: Apache-2.0
"""The founding quick start runs unchanged; only the address is another."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import vm_connection


def test_quick_start_runs_unchanged(host, tmp_path):
    text = pathlib.Path(__file__).with_name("founding_quick_start.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, re.S).group(1).replace("192.168.1.100", host.address)
    (tmp_path / ".ssh").mkdir(mode=0o700)
    shutil.copy(host.keys["rsa"], tmp_path / ".ssh" / "id_rsa")
    package = pathlib.Path(vm_connection.__file__).parents[1]
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(package),
                   "XDG_STATE_HOME": str(tmp_path / "state")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    uptime, alive = done.stdout.splitlines()
    assert "load average" in uptime
    assert re.fullmatch(r"VM alive: True, confidence: (0\.[6-9]\d|1\.00)", alive)
