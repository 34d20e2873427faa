"""Processes forked from one that has imported the services already, so each is soon at work."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from typing import Any

forking = multiprocessing.get_context("forkserver")
"""Makes the pipes, barriers and queues that these processes share with the test."""
forking.set_forkserver_preload(["support.warm.preloaded"])


def forked(target: Callable[..., object], *arguments: Any) -> BaseProcess:
    """A process, not yet started, that calls this function in the environment of right now."""
    _start_the_server()
    return forking.Process(target=_call, args=(dict(os.environ), target, arguments))


def _start_the_server() -> None:
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # before Python 3.13, it is not told where to find modules
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _call(environment: Mapping[str, str], target: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*arguments)
