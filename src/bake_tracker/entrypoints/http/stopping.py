"""Stop cleanly: end the endless streams, and let no worker outlive its server."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

from fastapi import FastAPI

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def telling_when_it_stops(app: FastAPI) -> Iterator[None]:
    """Set ``app.state.is_stopping`` at the signal, before the server starts waiting for open requests."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: handler for one in _SIGNALS if callable(handler := signal.getsignal(one))}

    def stop(number: int, frame: FrameType | None) -> Any:
        app.state.is_stopping = True
        return before[signal.Signals(number)](number, frame)

    for one in before:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def stop_with_the_server() -> None:
    """In a worker, stop when the parent process is gone; nothing else would stop it.

    After a ``kill -9`` of the parent, workers would otherwise run for ever and keep the port from a new server.
    """
    if server := multiprocessing.parent_process():
        threading.Thread(target=_stop_after, args=(server,), daemon=True).start()


def _stop_after(server: BaseProcess) -> None:
    server.join()
    os.kill(os.getpid(), signal.SIGTERM)
