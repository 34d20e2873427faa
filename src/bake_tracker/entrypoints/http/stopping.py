"""Stop cleanly and in time: end the endless streams, and let no request and no worker outlive the server."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

from fastapi import FastAPI

from bake_tracker.config import FINISH_WITHIN_S

END_AFTER_S = FINISH_WITHIN_S + 5
"""How long after the signal the process ends, whatever is still running."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def telling_when_it_stops(app: FastAPI) -> Iterator[None]:
    """Set ``app.state.is_stopping`` at the signal, before the server starts waiting for open requests.

    ``END_AFTER_S`` later the process ends, even if a request is still running: Python would wait for its thread for
    ever. Whatever it has not committed is not recorded.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: handler for one in _SIGNALS if callable(handler := signal.getsignal(one))}

    def stop(number: int, frame: FrameType | None) -> Any:
        if not app.state.is_stopping:
            app.state.is_stopping = True
            _end_in_time()
        return before[signal.Signals(number)](number, frame)

    for one in before:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _end_in_time() -> None:
    timer = threading.Timer(END_AFTER_S, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    sys.stderr.write(f"The process was still running {END_AFTER_S} seconds after the signal, so it ended itself.\n")
    sys.stderr.flush()
    os._exit(1)


def stop_with_the_server() -> None:
    """In a worker, stop when the parent process is gone; nothing else would stop it.

    After a ``kill -9`` of the parent, workers would otherwise run for ever, and a new server could not use the port.
    """
    if server := multiprocessing.parent_process():
        threading.Thread(target=_stop_after, args=(server,), daemon=True).start()


def _stop_after(server: BaseProcess) -> None:
    server.join()
    os.kill(os.getpid(), signal.SIGTERM)
