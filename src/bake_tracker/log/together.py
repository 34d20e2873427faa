"""Write the lines of one transaction together."""

import threading
from typing import Protocol

MAX_HELD_LINES = 200


class Writer(Protocol):
    """A handler that appends whole lines."""

    def append(self, lines: bytes, /) -> None: ...


class _Held(threading.local):
    """This thread's lines waiting to be written together, by writer."""

    lines: dict[Writer, list[bytes]] | None = None


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
            for writer, lines in (held or {}).items():
                if lines:
                    writer.append(b"".join(lines))


def append_line(writer: Writer, line: bytes) -> None:
    """Append a line now, or when ``lines_together`` ends."""
    if (held := _held.lines) is None:
        writer.append(line)
        return
    lines = held.setdefault(writer, [])
    lines.append(line)
    if len(lines) >= MAX_HELD_LINES:
        writer.append(b"".join(lines))
        lines.clear()
