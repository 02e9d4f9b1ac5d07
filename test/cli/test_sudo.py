# SPDX-License-Identifier: Apache-2.0
"""--sudo: tester may do anything, admin with a password, operator only `id` without one."""

import json

import pytest

from conftest import one_line
from test_terminal import Screen

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def sudoers(lab):
    host = lab.up(name="sudoers", names=("admin", "operator"))
    facts = host.describe()
    yield lambda user: ("-i", facts["key"], f"{user}@{facts['address']}:{facts['port']}")
    host.down()


def test_sudo_keeps_variables_directory_input_and_exit_code(vmc, sudoers):
    ended = vmc("exec", "--sudo", "--cwd", "/tmp", "--env", "A=x y", *sudoers("tester"), "--",
                'echo "$(id -u)|$A|$PWD|$(cat)"; exit 3', feed=b"in")
    assert (ended.code, ended.out) == (3, "0|x y|/tmp|in\n"), ended


def test_a_sudo_that_wants_a_password_is_a_refusal_and_nothing_ran(vmc, sudoers, tmp_path):
    result = tmp_path / "how.json"
    ended = vmc("exec", "-q", "--sudo", "--result", result, *sudoers("admin"), "--", "touch /tmp/ran")
    assert ended.code == 255
    assert "sudo wants a password for admin" in one_line(ended)
    told = json.loads(result.read_text())
    assert (told["outcome"], told["may_have_run"]) == ("refused", "no")
    assert vmc("exec", "-q", *sudoers("admin"), "--", "test -e /tmp/ran").code == 1


def test_what_needs_no_password_runs_without_one(vmc, sudoers):
    assert vmc("exec", "--sudo", *sudoers("operator"), "--", "id", "-u").out == "0\n"


@pytest.mark.parametrize("user", ["admin", "operator", "tester"])
def test_the_password_goes_to_sudo_and_never_to_the_command(vmc, sudoers, user):
    screen = Screen(vmc, "exec", "-n", "--ask-sudo-password", *sudoers(user), "--", "id -u; cat; echo end")
    screen.until(b"Password for sudo on ")
    screen.type(b"lab\n")
    assert screen.end() == 0
    assert screen.seen.endswith(b"\r\n0\r\nend\r\n") and b"lab\r\n" not in screen.seen
    assert screen.is_as_before()


def test_a_wrong_password_is_a_refusal(vmc, sudoers):
    screen = Screen(vmc, "exec", "-n", "--ask-sudo-password", *sudoers("admin"), "--", "touch /tmp/wrong")
    screen.until(b"Password for sudo on ")
    screen.type(b"guess\n")
    assert screen.end() == 255
    assert b"sudo does not take the password" in screen.seen
    assert vmc("exec", "-q", *sudoers("admin"), "--", "test -e /tmp/wrong").code == 1


def test_without_a_terminal_nobody_can_be_asked(vmc, sudoers):
    ended = vmc("exec", "--ask-sudo-password", *sudoers("admin"), "--", "true")
    assert ended.code == 64 and "no terminal" in one_line(ended)


def test_a_password_that_sudo_never_asks_for_does_not_reach_the_command(vmc, lab):
    """PAM may let somebody in without a question (a token, a trusted group): then nobody reads the line."""
    host = lab.up(name="trusting", names=("admin",))
    facts = host.describe()
    host.run(["cp", "/etc/pam.d/other", "/etc/pam.d/sudo"], check=True)
    screen = Screen(vmc, "exec", "-n", "--ask-sudo-password", "-i", facts["key"],
                    f"admin@{facts['address']}:{facts['port']}", "--", "id -u; cat; echo end")
    screen.until(b"Password for sudo on ")
    screen.type(b"never-asked\n")
    assert screen.end() == 0
    assert screen.seen.endswith(b"\r\n0\r\nend\r\n") and b"never-asked" not in screen.seen
    host.down()
