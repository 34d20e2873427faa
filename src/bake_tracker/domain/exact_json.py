"""Exact JSON: a number with a decimal point is a Decimal, and no name stands twice in one object."""

import json
from decimal import Decimal
from typing import Any


def read_json(text: str | bytes) -> Any:
    """Read one JSON value.

    Raises:
        json.JSONDecodeError: it is not JSON; with line and column.
        ValueError: a number is infinite, not a number or too long, or a name is given twice: which value counts?
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, parse_float=_exact, parse_constant=_not_finite, object_pairs_hook=_each_name_once)


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError(f"the number {text[:40]} is too large") from None


def _not_finite(text: str) -> Decimal:
    raise ValueError(f"{text} is not a finite number")


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f'"{name[:40]}" is given twice in one object')
        found[name] = value
    return found
