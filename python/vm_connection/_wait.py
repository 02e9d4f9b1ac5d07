# SPDX-License-Identifier: Apache-2.0
"""How a verb waits.

A verb is written once, as a coroutine whose only awaitable is News: "something happened to this
call". drive() waits for it on the calling thread; _hub.do() waits for it in an event loop.
All waiting happens here, in Python's own poll(), never in C++: so the GIL is free meanwhile, signal
handlers run, and no C++ frame is on the stack when the interpreter goes away under a daemon thread.
The library's thread knows nothing of Python; it writes to the mailbox's eventfd and goes on.
"""

from __future__ import annotations

import select
import threading
import time
from typing import Callable, Coroutine, Generator, Protocol, TypeVar

T = TypeVar("T")

# A signal may be delivered to another thread, which does not wake the main one.
SIGNAL_POLL_MS = 50


class Waitable(Protocol):
    def news(self) -> bool: ...


class Box(Protocol):
    """Where the library leaves word. fileno() is readable while there are tickets to drain."""

    def fileno(self) -> int: ...
    def post(self, ticket: int) -> None: ...
    def drain(self) -> list[int]: ...


class Mail:
    """A mailbox and the tickets under which calls leave word in it."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self._last = 0

    def ticket(self) -> int:
        self._last += 1
        return self._last


class News:
    """Awaited: goes on when the call has news, or `within` seconds have passed."""

    def __init__(self, call: Waitable, ticket: int, within: float | None = None) -> None:
        self.call = call
        self.ticket = ticket
        self.within = within

    def __await__(self) -> Generator[News, None, None]:
        if not self.call.news():
            yield self


Verb = Callable[[Mail], Coroutine[News, None, T]]


def drive(verb: Verb[T], box: Box) -> T:
    """Runs the verb to its end on this thread. An exception while waiting is raised inside the verb."""
    coroutine = verb(Mail(box))
    poller = select.poll()
    poller.register(box.fileno(), select.POLLIN)
    in_main = threading.current_thread() is threading.main_thread()
    try:
        step = coroutine.send(None)
        while True:
            try:
                _wait(step, box, poller, in_main)
            except BaseException as error:
                step = coroutine.throw(error)
            else:
                step = coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        coroutine.close()


def _wait(step: News, box: Box, poller: select.poll, in_main: bool) -> None:
    deadline = None if step.within is None else time.monotonic() + step.within
    while not step.call.news():
        left = None if deadline is None else max(0.0, (deadline - time.monotonic()) * 1000)
        if left == 0.0:
            return
        if in_main:
            left = SIGNAL_POLL_MS if left is None else min(left, SIGNAL_POLL_MS)
        poller.poll(left)
        box.drain()
