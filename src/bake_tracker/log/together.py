"""Write the lines of one transaction together."""

import threading
from collections.abc import Callable

MAX_HELD_LINES = 200


class _Held(threading.local):
    """This thread's lines waiting to be written together, by writer."""

    lines: dict[Callable[[bytes], None], list[bytes]] | None = None


_held = _Held()


class lines_together:  # noqa: N801  used as a function; as a class, since a generator takes three times as long
    """Write the lines of one transaction together, in one write."""

    __slots__ = ("_is_outermost",)

    def __enter__(self) -> None:
        self._is_outermost = _held.lines is None
        if self._is_outermost:
            _held.lines = {}

    def __exit__(self, *_error: object) -> None:
        if self._is_outermost:
            held, _held.lines = _held.lines, None
            for write, lines in (held or {}).items():
                if lines:
                    write(b"".join(lines))


def hold_line(write: Callable[[bytes], None], line: bytes) -> bool:
    """Keep a line until ``lines_together`` ends; return False outside one."""
    held = _held.lines
    if held is None:
        return False
    try:
        lines = held[write]
    except KeyError:
        lines = held[write] = []
    lines.append(line)
    if len(lines) >= MAX_HELD_LINES:
        write(b"".join(lines))
        lines.clear()
    return True
