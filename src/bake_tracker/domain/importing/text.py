"""Bring the cells of a table into one form; refuse any that could mean two things."""

import re
from contextlib import suppress

from bake_tracker.domain.importing.tables import CellKind
from bake_tracker.domain.written import NotANumberError, Reading, UnreadableError, normal_number, read_day, split_money

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[T ][0-9].*")
_YES, _NO = ("yes", "true", "y", "x", "1"), ("no", "false", "n", "0")


def read_cell(text: str, kind: CellKind, reading: Reading) -> str | bool:
    """A cell in normal form: days as 2026-11-23, numbers with a decimal point, flags as bool.

    What depends on the bakery or on other cells is left to the row: an amount of money keeps its currency in front, and
    an instant and anything that is not a number stay as they are.

    Raises:
        UnreadableError: it could mean two things, or nothing.
    """
    if kind == "day":
        return text if _INSTANT.fullmatch(text) else read_day(text, reading.dates).isoformat()
    if kind in ("number", "money"):
        sign, amount = split_money(text) if kind == "money" else ("", text)
        with suppress(NotANumberError):
            return sign + normal_number(amount, reading)
        return text
    if kind == "flag":
        if text.lower() in _YES:
            return True
        if text.lower() in _NO:
            return False
        raise UnreadableError("must be yes or no")
    return text
