"""A road to PostgreSQL that breaks where a COMMIT is under way."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

LATE_S = 0.2


class Cut(Enum):
    """Where the connection breaks."""

    BEFORE = "before the server has seen the COMMIT"
    HALFWAY = "in the middle of the COMMIT message"
    AFTER = "when the server has committed, and before that is heard"
    LATE = "and the COMMIT reaches the server only when the caller has come back"


class CuttingProxy:
    """It passes everything on, until it is told to break at the next COMMITs."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self.port = 0
        self.cuts: list[Cut] = []
        self.is_closed_by_a_cut = False
        self.open()

    def open(self) -> None:
        self._door = socket.create_server(("127.0.0.1", self.port))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):  # the door was closed
            while True:
                client, _ = self._door.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(str(self._server))
            server.sendall(_read_message(client, kind_length=0))  # the first message has no kind
            while True:
                ready, _, _ = select.select([client, server], [], [])
                if server in ready:
                    answer = server.recv(1 << 16)
                    if not answer:
                        return
                    client.sendall(answer)
                if client in ready:
                    message = _read_message(client, kind_length=1)
                    if message.startswith(b"Q") and message[5:] == b"COMMIT\0" and self.cuts:
                        if self.is_closed_by_a_cut:
                            self.close()
                        _break(self.cuts.pop(0), message, client, server)
                        return
                    server.sendall(message)


def _break(cut: Cut, message: bytes, client: socket.socket, server: socket.socket) -> None:
    if cut is Cut.HALFWAY:
        server.sendall(message[: len(message) // 2])
    elif cut is Cut.AFTER:
        server.sendall(message)
        assert server.recv(1 << 16)  # the server answers when it has committed
    elif cut is Cut.LATE:
        client.close()
        time.sleep(LATE_S)
        server.sendall(message)
        assert server.recv(1 << 16)


def _read_message(sender: socket.socket, *, kind_length: int) -> bytes:
    head = _read(sender, kind_length + 4)
    return head + _read(sender, int.from_bytes(head[kind_length:], "big") - 4)


def _read(sender: socket.socket, length: int) -> bytes:
    read = b""
    while len(read) < length:
        more = sender.recv(length - len(read))
        if not more:
            raise ConnectionResetError("hung up")
        read += more
    return read


@contextmanager
def cutting_proxy(server: Path) -> Iterator[CuttingProxy]:
    """A proxy before the server that listens on this socket."""
    proxy = CuttingProxy(server)
    try:
        yield proxy
    finally:
        proxy.close()
