# SPDX-License-Identifier: Apache-2.0
"""The fixtures of test/cli, for hosts that are broken one after the other."""

import importlib.util
import pathlib

_FILE = pathlib.Path(__file__).resolve().parents[1] / "cli" / "conftest.py"
_spec = importlib.util.spec_from_file_location("cli_fixtures", _FILE)
_cli = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_cli)

pytest_configure = _cli.pytest_configure
lab = _cli.lab
At, Vmc = _cli.At, _cli.Vmc
