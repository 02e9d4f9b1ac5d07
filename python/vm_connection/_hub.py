# SPDX-License-Identifier: Apache-2.0
"""How a verb waits in an asyncio event loop (see _wait)."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from typing import TypeVar

from . import _engine
from ._engine import Engine, Listening
from ._face import NoticeFn
from ._notices import tell_all
from ._wait import Mail, News, Verb

T = TypeVar("T")


class Hub:
    """One mailbox for all that goes on in one event loop. Its fd is watched only while somebody waits."""

    def __init__(self) -> None:
        self.box = _engine.new_box()
        self.mail = Mail(self.box)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._listeners: dict[int, tuple[Listening, NoticeFn]] = {}
        self._users = 0

    def enter(self) -> None:
        self._users += 1
        if self._users == 1:
            asyncio.get_running_loop().add_reader(self.box.fileno(), self._deliver)

    def leave(self) -> None:
        self._users -= 1
        if self._users == 0:
            with contextlib.suppress(RuntimeError):  # the loop is gone, and its readers with it
                asyncio.get_running_loop().remove_reader(self.box.fileno())

    async def wait(self, step: News) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[step.ticket] = future
        try:
            if not step.call.news():
                await asyncio.wait([future], timeout=step.within)
        finally:
            del self._waiting[step.ticket]

    def listen(self, engine: Engine, tell: NoticeFn) -> None:
        ticket = self.mail.ticket()
        self._listeners[ticket] = (engine.listen(self.box, ticket), tell)
        self.enter()

    def _deliver(self) -> None:
        for ticket in self.box.drain():
            future = self._waiting.get(ticket)
            if future is not None and not future.done():
                future.set_result(None)
            found = self._listeners.get(ticket)
            if found is not None:
                ended = found[0].ended()
                tell_all(*found)
                if ended:
                    del self._listeners[ticket]
                    self.leave()


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def hub() -> Hub:
    loop = asyncio.get_running_loop()
    found = _hubs.get(loop)
    if found is None:
        found = _hubs[loop] = Hub()
    return found


async def do(verb: Verb[T]) -> T:
    """Runs the verb to its end in this event loop. A cancellation is raised inside the verb."""
    here = hub()
    coroutine = verb(here.mail)
    here.enter()
    try:
        step = coroutine.send(None)
        while True:
            try:
                await here.wait(step)
            except BaseException as error:
                step = coroutine.throw(error)
            else:
                step = coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        coroutine.close()
        here.leave()
