# SPDX-License-Identifier: Apache-2.0
"""QEMU's debugger port, for the one thing nothing else does: a processor that spins with interrupts off."""

import socket

SPIN = bytes.fromhex("faebfe")  # cli; jmp .
RIP = 16  # of the registers of x86-64, in gdb's order


def hang(path: str) -> None:
    """The machine stops when somebody attaches, and goes on into the loop when he leaves."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(path)
        stub = _Stub(connection)
        registers = bytes.fromhex(stub.ask("g"))
        at = int.from_bytes(registers[8 * RIP:8 * RIP + 8], "little")
        assert stub.ask(f"M{at:x},{len(SPIN)}:{SPIN.hex()}") == "OK"
        assert stub.ask("D") == "OK"


class _Stub:
    def __init__(self, connection):
        self._connection = connection
        self._heard = b""

    def ask(self, words):
        packet = words.encode()
        self._connection.sendall(b"$" + packet + b"#" + f"{sum(packet) % 256:02x}".encode())
        while True:
            answer = self._packet()
            self._connection.sendall(b"+")
            if not answer.startswith("T"):  # that it has stopped: not what was asked
                return answer

    def _packet(self):
        while True:
            begin, end = self._heard.find(b"$"), self._heard.find(b"#")
            if begin >= 0 and end >= 0 and len(self._heard) >= end + 3:
                packet, self._heard = self._heard[begin + 1:end], self._heard[end + 3:]
                return packet.decode()
            piece = self._connection.recv(65536)
            assert piece, f"the debugger port closed after {self._heard!r}"
            self._heard += piece
