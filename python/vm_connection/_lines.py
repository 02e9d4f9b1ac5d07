# SPDX-License-Identifier: Apache-2.0
"""Bytes as they come in, lines of text as they go out."""

from __future__ import annotations

from typing import Callable

# A line that never ends (`cat /dev/zero`) is handed out in pieces of this size.
LONGEST_LINE = 1 << 20


class Lines:
    """Hands each full line to `tell`, without its newline; the rest of an unfinished one at end()."""

    def __init__(self, tell: Callable[[str], object], prefix: str = "") -> None:
        self._tell = tell
        self._prefix = prefix
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *full, rest = data.split(b"\n")
        if full:
            full[0] = self._rest + full[0]
            self._rest = b""
            for line in full:
                self._hand_out(line)
        self._rest += rest
        while len(self._rest) > LONGEST_LINE:
            cut = _before_character(self._rest, LONGEST_LINE)
            piece, self._rest = self._rest[:cut], self._rest[cut:]
            self._hand_out(piece)

    def end(self) -> None:
        if self._rest:
            rest, self._rest = self._rest, b""
            self._hand_out(rest)

    def _hand_out(self, line: bytes) -> None:
        self._tell(self._prefix + line.decode("utf-8", "replace"))


def _before_character(data: bytes, cut: int) -> int:
    """The last position <= cut that does not fall inside a UTF-8 sequence (at most 3 bytes back)."""
    for back in range(4):
        if data[cut - back] & 0xC0 != 0x80:
            return cut - back
    return cut
