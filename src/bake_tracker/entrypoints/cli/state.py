"""What every command shares: the database, the way to answer, and the three ways to call a service.

The database code is imported on first use, so that a command without a database does not wait for it.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bake_tracker.config import load_settings, sqlite_path
from bake_tracker.domain.amounts import amount
from bake_tracker.domain.errors import EmptyDatabaseError
from bake_tracker.domain.money import Rounding
from bake_tracker.domain.plurals import plural
from bake_tracker.log import setup
from bake_tracker.log.values import escape_unsafe

if TYPE_CHECKING:
    from bake_tracker.services.database import Session

Answer = TypeVar("Answer")


class NoBakeryError(EmptyDatabaseError):
    """There is no database at this path; nothing is logged, because that would create a log beside it."""


class NotShownError(Exception):
    """The work is done, but its answer could not be printed."""

    def __init__(self, what: str, error: Exception) -> None:
        super().__init__(f"{what} could not be shown: {error}")


@dataclass(slots=True)
class State:
    """The global options of one call."""

    database: str | None = None
    as_json: bool = False
    command: str = "bake"
    decimals: int = 2
    """How many decimals the bakery's currency is written with, once a command has read or written."""

    @property
    def url(self) -> str:
        from bake_tracker.services.database import database_url

        return database_url(self.database)

    @property
    def log_file(self) -> Path:
        return setup.log_file(load_settings(), self.url)


state = State()
# Files and pipes get wide lines so that no id is broken in two.
_WIDTH = None if sys.stdout and sys.stdout.isatty() else 132


class _Page(Console):
    def on_broken_pipe(self) -> None:
        """Raise as every other print does; rich would exit with 1, as if the command had been refused."""
        raise


out = _Page(highlight=False, width=_WIDTH)
err = Console(highlight=False, stderr=True, soft_wrap=True)


def write(work: Callable[["Session"], Answer]) -> Answer:
    """Call a service in its own transaction."""
    from bake_tracker.services.database import run_in_transaction

    return run_in_transaction(lambda session: _noting_currency(session, work(session)), state.url)


def ask(work: Callable[["Session"], Answer], *, of_primary: bool = False) -> Answer:
    """Read in a scope that cannot write and never creates a database; with ``of_primary``, never from a standby."""
    path = sqlite_path(state.url)
    if path is not None and not path.exists():
        from bake_tracker.services.database import check_is_new

        check_is_new(path)
        raise NoBakeryError(f"there is no bakery at {path} yet; choose another file, or run: bake init")
    from bake_tracker.services.database import read_scope

    with read_scope(state.url, of_primary=of_primary) as session:
        return _noting_currency(session, work(session))


def _noting_currency(session: "Session", result: Answer) -> Answer:
    from bake_tracker.queries.bakery import load_bakery

    state.decimals = load_bakery(session).decimals
    return result


def answer(result: Any, render: Callable[[Any], None]) -> None:
    """Print the result as JSON if asked for, otherwise for people.

    Raises:
        NotShownError: it could not be printed; the work itself is done.
    """
    try:
        if state.as_json:
            print_json(result)
        else:
            render(result)
        sys.stdout.flush()
    except (OSError, UnicodeError) as error:
        done = result.get("operation_id") if isinstance(result, dict) else None
        what = f"Operation {done} is recorded, but its answer" if done else "The answer"
        raise NotShownError(what, error) from error


def counted(number: int, what: str) -> str:
    """``1 lot``, ``2 lots``, ``3 batches``."""
    return f"{number} {what if number == 1 else plural(what)}"


def money(text: str | None) -> str:
    """An amount with the decimals of the currency, or with four places below 1; ``unknown`` if there is none."""
    return "unknown" if text is None else format(_rounding().amount(Decimal(text)), "f")


def price(text: str | None) -> str:
    """A price for one piece, gram or millilitre, never with fewer than three figures."""
    return "unknown" if text is None else format(_rounding().price(Decimal(text)), "f")


def adding_up(parts: Sequence[str | None], total: str | None, *, each: bool = False) -> list[str]:
    """Amounts as text that add up to their total as ``money`` shows it; ``each`` if ``price`` shows it."""
    return ["unknown" if one is None else format(one, "f") for one in _rounding().parts(parts, total, each=each)]


def _rounding() -> Rounding:
    return Rounding(state.decimals, small=4)


def known_value(row: Mapping[str, Any]) -> str | None:
    """The value of an item's lots whose cost is known; None if there is no such lot."""
    whole = row.get("on_hand", row.get("quantity"))
    return None if row["value"] is None and row["quantity_without_cost"] == whole else row["known_value"]


def without_cost(row: Mapping[str, Any]) -> str:
    """How much of an item has no cost, if some of it has one."""
    is_partial = row["value"] is None and known_value(row) is not None
    return f"{amount(row['quantity_without_cost'], row['unit'])} without cost" if is_partial else ""


def say(text: str, style: str = "") -> None:
    """Print a line without wrapping it and without reading markup in it."""
    out.print(Text(escape_unsafe(text), style=style), soft_wrap=True)


def complain(text: str) -> None:
    """Print lines to stderr."""
    err.print(Text("\n".join(escape_unsafe(line) for line in text.split("\n")), style="red"))


def show_table(headings: Mapping[str, Literal["left", "right"]], rows: Iterable[Iterable[str]]) -> None:
    """Print rows under headings, escaped so that no text in a cell can control the terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, justify in headings.items():
        table.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(Text(escape_unsafe(cell)) for cell in row))
    out.print(table)


def twig(text: str, style: str = "") -> Text:
    """A line of a tree, escaped like any other."""
    return Text(escape_unsafe(text), style=style)


def print_json(value: Mapping[str, Any] | list[Any]) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"
    sys.stdout.write(text.encode("utf-8", "replace").decode())  # JSON cannot hold unpaired surrogates
