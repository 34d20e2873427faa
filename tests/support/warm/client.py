"""``python client.py SOCKET MODULE WORD...``: have the warm server run a module with this process's streams.

It imports next to nothing, so a shell can start it in place of the real program.
"""

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def ask(
    path: str,
    module: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    folder: str,
    streams: Mapping[int, int],
) -> socket.socket:
    """The connection that will tell the program's process id and exit status, a line for each."""
    request = {"module": module, "words": words, "environment": dict(environment), "folder": folder, "open": [*streams]}
    asking = socket.socket(socket.AF_UNIX)
    asking.connect(path)
    socket.send_fds(asking, [json.dumps(request).encode() + b"\n"], [*streams.values()])
    return asking


def main(path: str, module: str, *words: str) -> None:
    streams = {number: number for number in (0, 1, 2) if is_open(number)}
    answers = ask(path, module, words, os.environ, os.getcwd(), streams).makefile()  # noqa: PTH109  pathlib is slow
    answers.readline()
    status = int(answers.readline())
    if status < 0:
        os.kill(os.getpid(), -status)
    os._exit(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
