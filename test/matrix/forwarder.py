# SPDX-License-Identifier: Apache-2.0
"""A port of ours that leads to a machine, over a way as long and as narrow as it is told from moment to moment."""

import queue
import random
import socket
import threading
import time

PIECE = 512


class Forwarder:
    def __init__(self, address, port):
        self.delay = self.jitter = 0.0  # seconds, each way
        self.rate = None                # bytes a second, each way
        self._beyond = (address, port)
        self._open = []
        self._narrow = threading.Lock(), threading.Lock()  # one for each direction: all connections share the way
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()
        for one in self._open:
            one.close()

    def _serve(self):
        while True:
            try:
                here, _ = self._socket.accept()
                there = socket.create_connection(self._beyond, 10)
            except OSError:
                return
            self._open += [here, there]
            for narrow, source, sink in zip(self._narrow, (here, there), (there, here)):
                # What waits is bounded: who sends too much is slowed down.
                pieces = queue.Queue(64)
                threading.Thread(target=self._take, args=(source, pieces), daemon=True).start()
                threading.Thread(target=self._give, args=(sink, pieces, narrow), daemon=True).start()

    def _take(self, source, pieces):
        try:
            while data := source.recv(PIECE):
                pieces.put((time.monotonic() + self.delay + random.uniform(0, self.jitter), data))
        except OSError:
            pass
        pieces.put((0, b""))

    def _give(self, sink, pieces, narrow):
        try:
            while (piece := pieces.get())[1]:
                when, data = piece
                time.sleep(max(0.0, when - time.monotonic()))
                with narrow:
                    time.sleep(len(data) / self.rate if self.rate else 0)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
