# SPDX-License-Identifier: Apache-2.0
"""What a recovery does to a FakeVM: one that is off is switched on, one that is silent is cycled, nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .recovery import RUNGS, RecoveryPolicy

if TYPE_CHECKING:
    from .testing import FakeVM


def recovered(fake: FakeVM, policy: RecoveryPolicy, has_switch: bool) -> dict[str, Any]:
    """The fields of a Recovery, but for `found`."""
    told: dict[str, Any] = {"recovered": True, "reason": "it is well", "incident": None, "steps": [], "outlook": [],
                            "boot": None, "down": None, "took": 0.0}
    if fake.trouble is None:
        return told
    silent = fake.trouble.stage == "tcp"
    may = silent and has_switch and RUNGS.index(policy.up_to) >= RUNGS.index("power-cycle")
    action = "on" if fake.power_state == "off" else "cycle"
    told |= {"recovered": False, "incident": "20260101T000000Z-fake", "reason": "no step is left that may help"}
    if policy.dry_run:
        outlook = [{"rung": rung, "may": may and rung == "power-cycle", "later": False, "why": "fake", "action": ""}
                   for rung in RUNGS]
        return told | {"incident": None, "reason": "dry run: nothing was done", "outlook": outlook}
    if may:
        fake.switched(action)
        step = {"rung": "power-cycle", "at": time.time(), "reason": "silent", "action": f"fake: {action}",
                "worked": True, "result": f"{action}: its power switch says on"}
        told |= {"recovered": True, "reason": "back", "steps": [step], "down": 0.0}
    return told
