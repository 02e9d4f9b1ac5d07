# SPDX-License-Identifier: Apache-2.0
"""How a verb waits on the calling thread (see _wait)."""

from __future__ import annotations

from typing import TypeVar

from . import _engine
from ._wait import Verb, drive

T = TypeVar("T")


def do(verb: Verb[T]) -> T:
    return drive(verb, _engine.new_box())
