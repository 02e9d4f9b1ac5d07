# SPDX-License-Identifier: Apache-2.0
"""The client is killed with SIGKILL wherever it happens to be, and started again with the same words."""

import concurrent.futures
import dataclasses
import time
import uuid

import pytest

import sweep
from conftest import Vmc

pytestmark = pytest.mark.host
WORKERS = 4
KILLS_IN_A_TRIAL = 5
#: A login, a submit and the first output take some 0.3 s: half of the kills fall there, half while it follows.
EARLY, LATE = 0.4, 1.6
SMALL, LARGE = 256 * 1024, 50_000_000


def numbered(size, word):
    """At least `size` bytes of lines that say where in the stream they are."""
    lines = size // (len(word) + 9) + 1
    return b"".join(b"%s %07d\n" % (word, n) for n in range(lines))


def noise(identity, size, code):
    """Prints numbered("out") and numbered("err") in twelve bursts, and enters the ledger."""
    out, err = (size // (len(word) + 9) + 1 for word in ("out", "err"))
    burst = "seq -f '{0} %07.0f' $(({1}*b/12)) $(({1}*(b+1)/12-1)){2}; "
    return (f"echo {identity} >>/ledger; b=0; while [ $b -lt 12 ]; do " + burst.format("out", out, "") +
            burst.format("err", err, " >&2") + f"b=$((b+1)); sleep 0.2; done; exit {code}")


@dataclasses.dataclass
class Trial:
    identity: str
    size: int
    code: int
    kills: list
    met: int = 0
    ended: object = None
    files: list = dataclasses.field(default_factory=list)  # whole or not, and the size of each

    def play(self, home, at):
        home.mkdir()
        vmc, out, err = Vmc(home), home / "out", home / "err"
        (home / ".ssh").mkdir()
        (home / ".ssh" / "known_hosts").write_text(at.known_hosts)
        words = ("run", "--id", self.identity, "--stdout", out, "--stderr", err, *at.words, "--",
                 noise(self.identity, self.size, self.code))
        for after in self.kills:
            process = vmc.start(*words)
            time.sleep(after)
            self.met += process.poll() is None
            process.kill()
            process.communicate()
        self.ended = vmc(*words, within=120)
        self.files = [(path.read_bytes() == numbered(self.size, word), path.stat().st_size)
                      for path, word in ((out, b"out"), (err, b"err"))]
        out.unlink()
        err.unlink()
        return self


def trial(rolls, size):
    kills = [rolls.uniform(0, rolls.choice((EARLY, LATE))) for _ in range(KILLS_IN_A_TRIAL)]
    return Trial(str(uuid.UUID(int=rolls.getrandbits(128), version=4)), size, rolls.randrange(256), kills)


def test_a_client_may_be_killed_anywhere(own_host, tmp_path):
    """Both files whole, the exit code right, and it ran once: whatever instant the client was killed at."""
    at = own_host(disk=1024)
    rolls = sweep.chance("test_a_client_may_be_killed_anywhere")
    total = sweep.tries(30, 340) // KILLS_IN_A_TRIAL
    trials = [trial(rolls, LARGE if n % 15 == 0 else SMALL) for n in range(total)]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        played = list(pool.map(lambda one: one.play(tmp_path / one.identity, at), trials))
    ledger = open(at.ledger).read().splitlines()
    for one in played:
        assert one.ended.code == one.code, (one, one.ended)
        assert ledger.count(one.identity) == 1, one
        assert all(whole for whole, _ in one.files), one
    size = sum(size for one in played for _, size in one.files)
    killed = sum(one.met for one in played)
    print(f"{killed} clients killed, {size} bytes compared in {len(played)} jobs, each ran once")
