"""``python -m support.warm.server DESCRIPTOR``: import everything once, then fork a program for each request.

Requests come through the listening socket that has this file descriptor: one line of JSON, with those of the streams
0, 1 and 2 that are open. The answer is the program's process id on one line and, when it has ended, its exit status on
another. The server ends when its own input does.
"""

import gc
import json
import multiprocessing
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

import uvicorn._subprocess

import bake_tracker

NOT_IMPORTED = ("bake_tracker.__main__", "bake_tracker.testing", "bake_tracker.migrations.")


def import_everything() -> None:
    for module in pkgutil.walk_packages(bake_tracker.__path__, "bake_tracker."):
        if not module.name.startswith(NOT_IMPORTED):
            __import__(module.name)
    # Workers of `bake serve` are forked as well; spawned, each would import everything again.
    uvicorn._subprocess.spawn = multiprocessing.get_context("fork")  # type: ignore[assignment]
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page that it shares with this process


def fork_programs(door: socket.socket) -> dict[str, Any]:
    """Answer requests. Only a forked program returns from here, with what it was asked to run."""
    while door in select.select([door, sys.stdin], [], [])[0]:
        bury_the_dead()
        asking, _ = door.accept()
        with asking:
            request, descriptors = receive(asking)
            if os.fork() == 0:
                door.close()
                fork_and_watch(asking, descriptors)
                asking.close()
                become(request, descriptors)
                return request
        for descriptor in descriptors:
            os.close(descriptor)
    os._exit(0)


def bury_the_dead() -> None:
    """Collect the processes that stood between this one and a program that has ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def receive(asking: socket.socket) -> tuple[dict[str, Any], list[int]]:
    text, descriptors, _, _ = socket.recv_fds(asking, 65_536, 3)
    while not text.endswith(b"\n"):
        text += asking.recv(65_536)
    return json.loads(text), list(descriptors)


def fork_and_watch(asking: socket.socket, descriptors: list[int]) -> None:
    """Fork the program, which returns; its parent stays here to tell its process id and exit status."""
    program = os.fork()
    if program == 0:
        return
    try:
        for descriptor in descriptors:
            os.close(descriptor)
        asking.sendall(b"%d\n" % program)
        asking.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(program, 0)[1]))
    finally:
        os._exit(0)


def become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Take on the streams, environment, folder and arguments that the program was asked to have."""
    given = dict(zip(request["open"], descriptors, strict=True))
    for number in (0, 1, 2):
        if number in given:
            os.dup2(given[number], number)
        else:
            os.close(number)
    for descriptor in descriptors:
        os.close(descriptor)
    # As the interpreter opens them.
    errors = {0: "strict", 1: "strict", 2: "backslashreplace"}
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = None
        if number in given:
            buffering = 1 if number == 2 or os.isatty(number) else -1
            stream = open(number, "w" if number else "r", buffering, errors=errors[number], closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    for signal_number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGPIPE, signal.SIG_IGN)):
        signal.signal(signal_number, handler)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.path.insert(0, request["folder"])
    sys.argv[1:] = request["words"]
    # What the imports may have found out of the old environment.
    time.tzset()
    tempfile.tempdir = None


def main(descriptor: int) -> None:
    import_everything()
    request = fork_programs(socket.socket(fileno=descriptor))
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
