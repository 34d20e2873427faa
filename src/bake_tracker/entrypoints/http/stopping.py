"""Tell what streams without end that the server stops, so that it is not waited for."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from fastapi import FastAPI

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def telling_when_it_stops(app: FastAPI) -> Iterator[None]:
    """Set ``app.state.is_stopping`` at the signal, before the server, which then waits for what is under way."""
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
