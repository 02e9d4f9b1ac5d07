# SPDX-License-Identifier: Apache-2.0
"""Delivers notices to blocking users, on one thread of its own, started when the first one asks."""

from __future__ import annotations

import atexit
import logging
import os
import select
import threading
from typing import Callable

from . import _engine
from ._engine import Engine, Listening
from ._wait import Box, Mail
from .values import Notice

log = logging.getLogger("vm_connection")

STOP = 0  # a ticket no listener has


def tell_all(listening: Listening, tell: Callable[[Notice], object]) -> None:
    for notice in listening.take():
        try:
            tell(Notice(**notice))
        except Exception:
            log.exception("the notice callback failed")


class _Desk:
    def __init__(self) -> None:
        self._box: Box = _engine.new_box()
        self._mail = Mail(self._box)
        self._lock = threading.Lock()
        self._listeners: dict[int, tuple[Listening, Callable[[Notice], object]]] = {}
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, name="vm_connection notices", daemon=True)
        self._thread.start()

    def listen(self, engine: Engine, tell: Callable[[Notice], object]) -> None:
        with self._lock:
            ticket = self._mail.ticket()
            self._listeners[ticket] = (engine.listen(self._box, ticket), tell)

    def stop(self) -> None:
        self._stopped = True
        self._box.post(STOP)
        if self._thread is not threading.current_thread():
            self._thread.join(1.0)  # a callback may take longer than the interpreter wants to wait

    def _serve(self) -> None:
        poller = select.poll()
        poller.register(self._box.fileno(), select.POLLIN)
        while not self._stopped:
            poller.poll()
            for ticket in self._box.drain():
                with self._lock:
                    found = self._listeners.get(ticket)
                if found is None:
                    continue
                ended = found[0].ended()  # asked first: what comes before the end is told
                tell_all(*found)
                if ended:
                    with self._lock:
                        del self._listeners[ticket]
                del found


_desk: _Desk | None = None
_making = threading.Lock()


def deliver(engine: Engine, tell: Callable[[Notice], object]) -> None:
    global _desk
    with _making:
        if _desk is None:
            _desk = _Desk()
    _desk.listen(engine, tell)


@atexit.register
def _leave() -> None:
    if _desk is not None:
        _desk.stop()


def _after_fork() -> None:
    global _desk, _making
    _desk, _making = None, threading.Lock()  # the thread stayed in the parent


os.register_at_fork(after_in_child=_after_fork)
