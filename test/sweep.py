# SPDX-License-Identifier: Apache-2.0
"""How many tries a sweep makes, and the seed that replays it. For test/cli and test/vm."""

import os
import random


def tries(quick, full):
    return full if os.environ.get("VMC_SWEEP") == "full" else quick


def chance(test):
    """A generator whose seed is VMC_SEED, else new; said with the command that replays it."""
    seed = int(os.environ.get("VMC_SEED") or random.randrange(1, 2**32))
    tier = os.environ.get("PYTEST_CURRENT_TEST", "test/cli/").split("::")[0].rpartition("/")[0]
    print(f"seed {seed}; replay: VMC_SEED={seed} lab/enter /usr/bin/python3 -m pytest -s {tier} -k {test}")
    return random.Random(seed)
