"""One log line as one line for people, or as it stands in the log."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bake_tracker.domain.log.tree import APART
from bake_tracker.entrypoints.cli.state import NotShownError, complain, counted, say, state
from bake_tracker.log.values import escape_unsafe

_STYLES = {"DEBUG": "dim", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


def print_line(raw: bytes, line: Mapping[str, Any]) -> None:
    if state.as_json:
        sys.stdout.write(escape_unsafe(raw.decode("utf-8", "replace")) + "\n")
    elif sys.stdout.isatty():
        say(one_line(line), _STYLES.get(str(line.get("level")), ""))
    else:
        sys.stdout.write(escape_unsafe(one_line(line)) + "\n")


def one_line(line: Mapping[str, Any]) -> str:
    """When, how grave, what, which operation, and whatever else the line knows."""
    ending = [str(line["error"])] if line.get("error") else []
    head = f"{line['timestamp']} {line.get('level') or '':<7} {line.get('message') or ''}"
    return "  ".join([head, str(line.get("operation_id") or "")[:13], *fields(line), *ending])


def spent(line: Mapping[str, Any]) -> str:
    """How long it took and what it asked of the database; of a repaired line nobody knows."""
    if "repaired_at" in line:
        return "written by a repair"
    return f"{line.get('duration_ms', 0)} ms, {line.get('sql_count', 0)} SQL"


def fields(line: Mapping[str, Any]) -> list[str]:
    """The fields that have no place of their own, as ``name=value``."""
    return [f"{key}={plain(value)}" for key, value in line.items() if key not in APART and value is not None]


def plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@contextmanager
def printing() -> Iterator[None]:
    """Print many lines; a reader that has seen enough ends it quietly.

    Raises:
        NotShownError: they could not be printed.
    """
    try:
        yield
        sys.stdout.flush()
    except (OSError, UnicodeError) as error:
        raise NotShownError("The lines", error) from error


def say_unreadable(count: int) -> None:
    if count:
        was = "was" if count == 1 else "were"
        complain(f"{counted(count, 'line')} cannot be read and {was} passed over.")
