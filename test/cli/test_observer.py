# SPDX-License-Identifier: Apache-2.0
"""What vmc says when it is vmc that is unwell: never that the VM is."""

import json
import resource
import subprocess

import pytest

pytestmark = pytest.mark.host


def descriptors(most):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def test_with_too_few_descriptors_nothing_is_claimed_of_the_vm(vmc, at):
    """One more each time, until it is well. With three the loader does not find our libraries."""
    assert vmc("diagnose", "--json", *at.words).json["claim"] is True
    for most in range(4, 64):
        ended = vmc("diagnose", "--json", *at.words, preexec_fn=descriptors(most))
        found = json.loads(ended.out) if ended.out else {"verdict": "unknown", "claim": False}
        if ended.code == 0:
            break
        assert (ended.code, found["verdict"], found["claim"]) in (
            (125, "unknown", False), (3, "unknown", False)), (most, ended)
        assert ended.out or ended.err.startswith("vmc: "), (most, ended)
    assert (found["verdict"], found["claim"]) == ("healthy", True), (most, ended)
    print(f"{most - 4} times too few, well with {most}")


@pytest.mark.parametrize("verb", ["exec", "run"])
def test_with_too_few_descriptors_a_command_that_did_not_run_is_said_not_to_have_run(vmc, at, tmp_path, verb):
    for most in range(4, 64):
        before = open(at.ledger).read().count("few")
        result = tmp_path / str(most)
        ended = vmc(verb, "--result", result, *at.words, "--", "echo few >>/ledger", preexec_fn=descriptors(most))
        ran = open(at.ledger).read().count("few") - before
        if ended.code == 0:
            break
        assert ended.code in (125, 255) and ended.err.startswith("vmc: ") and ran == 0, (most, ended, ran)
        if result.exists():
            assert json.loads(result.read_text())["may_have_run"] == "no", (most, ended)
    assert (ended.code, ran) == (0, 1), (most, ended)
    print(f"{verb}: {most - 4} times too few, well with {most}")


@pytest.fixture
def full_disk(vmc):
    """Where we keep what we know."""
    path = vmc.home / "state"
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "none", path], check=True)
    (path / "filler").write_text("x" * 4096)
    yield
    subprocess.run(["umount", path], check=False)


def test_with_a_full_disk_of_ours_nothing_is_claimed_that_is_not_so(vmc, own_host, full_disk):
    """A host key that cannot be remembered is not accepted; one that is pinned need not be remembered."""
    at = own_host()
    ended = vmc("diagnose", "--json", *at.words)
    assert (ended.code, ended.json["verdict"], ended.json["claim"]) == (3, "unknown", False), ended.out
    assert "cannot remember the host key" in ended.out
    pinned = ("--host-key", at.host_key_fingerprint, *at.words)
    found = vmc("diagnose", "--json", *pinned).json
    assert (found["verdict"], found["claim"]) == ("healthy", True), found
    at.host.fault("drop")
    found = vmc("diagnose", "--json", *pinned).json
    assert (found["verdict"], found["claim"]) == ("unreachable", False), found
