# SPDX-License-Identifier: Apache-2.0
"""From "the VM is gone" to "it is back, and this is what happened".

    vm = VMConnection("web-1", "root", "~/.ssh/id_rsa", power=PowerSwitch.qmp("/run/web-1.qmp"))
    done = vm.recover(RecoveryPolicy(up_to="reboot"))
    print("back" if done.recovered else f"not back: {done.reason}")
"""

from __future__ import annotations

from dataclasses import dataclass

from .values import BootStory, Diagnosis

RUNGS = ("look-again", "repair", "reboot", "sysrq", "nmi", "power-cycle")


@dataclass(frozen=True)
class RecoveryPolicy:
    """How far a recovery may go. None: as the profile has it ("careful", for VMs that people work on, or "lab", for
    machines that exist to be broken). Times in seconds."""

    up_to: str = "power-cycle"          # the highest step that may be taken
    profile: str = "careful"
    silence: float | None = None        # before its power is cycled where nothing is proven: 300 (lab: 15)
    between: float | None = None        # two power actions on one VM: 900 (lab: 60)
    a_day: int | None = None            # power actions on one VM: 3 (lab: 100)
    takes_effect: float | None = None   # so long a step is waited for: 180
    within: float | None = None         # for all of it: 3600
    fleet_size: int | None = None       # VMs looked after, where that is more than this process sees
    fleet_share: float | None = None    # of the fleet in action at once: 0.05; one VM always may
    dry_run: bool = False               # says what would be done; nothing is

    def __post_init__(self) -> None:
        if self.up_to not in RUNGS:
            raise ValueError(f"up_to must be one of {', '.join(RUNGS)}; not {self.up_to!r}")
        if self.profile not in ("careful", "lab"):
            raise ValueError(f"profile must be 'careful' or 'lab', not {self.profile!r}")
        for name in ("silence", "between", "takes_effect", "within"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1e9:
                raise ValueError(f"{name} must be a positive number of seconds")
        if self.a_day is not None and not 0 <= self.a_day <= 128:
            raise ValueError("a_day must be a whole number up to 128")
        if self.fleet_size is not None and self.fleet_size < 0:
            raise ValueError("fleet_size must not be negative")
        if self.fleet_share is not None and not 0 <= self.fleet_share <= 1:
            raise ValueError("fleet_share must be between 0 and 1")


@dataclass(frozen=True)
class RecoveryStep:
    """One step that was taken, by us or by an earlier process in the same incident."""

    rung: str      # "look-again", "repair", "reboot", "sysrq", "nmi" or "power-cycle"
    at: float      # our wall clock, seconds since 1970
    reason: str
    action: str    # exactly what was done
    worked: bool   # it was carried out; whether it helped is in what was seen then
    result: str


@dataclass(frozen=True)
class RungOutlook:
    """A step as it stands now, by a dry run."""

    rung: str
    may: bool
    later: bool    # not now, and when it goes on like this for a while
    why: str       # it may be taken, or may not
    action: str    # exactly what it would do


@dataclass(frozen=True)
class Recovery:
    """What became of it."""

    recovered: bool                          # well, and verified: boot and identity read, two commands in a row
    reason: str                              # why it ended so, one line
    incident: str | None                     # its id; None: there was none
    steps: tuple[RecoveryStep, ...]
    outlook: tuple[RungOutlook, ...]         # of a dry run
    found: Diagnosis                         # by the last look
    boot: BootStory | None                   # since before the incident, where both boots were read
    down: float | None                       # s, from the first look that found it ill to the proof that it is well
    took: float                              # s

    def __bool__(self) -> bool:
        return self.recovered


@dataclass(frozen=True)
class Reboot:
    """An orderly reboot that was asked for, and verified."""

    story: BootStory
    silent: float   # s, from the last answer of the old boot to the first of the new one
    took: float     # s, from the order to the proof
