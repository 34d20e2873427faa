"""Repeating form rows, each with an amount and a name as people write them: recipe lines or box parts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from uuid import uuid5

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.name_matching import name_key
from bake_tracker.domain.recipe_text.names import NamedItems
from bake_tracker.domain.recipe_text.typed_lines import Meant, meaning_of, split_amount
from bake_tracker.domain.units import MICRO
from bake_tracker.entrypoints.web.forms import Form, read_number
from bake_tracker.services.catalog.things import record_item
from bake_tracker.services.database import Session

HIGHEST_MICROS = 10**15
MORE = 3
"""The number of empty rows below the last filled one."""


def put_rows(form: Form, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Fill these fields of a form, row by row."""
    form.sent = [*form.sent, *((name, text) for row in rows for name, text in zip(names, row, strict=True))]


def rows_to_show(form: Form, names: Sequence[str], least: int) -> list[dict[str, str]]:
    """The filled rows with empty rows below; one more when a row was asked for."""
    columns = [[text for key, text in form.sent if key == name] for name in names]
    rows = [dict(zip(names, texts, strict=True)) for texts in zip(*columns, strict=False) if any(map(str.strip, texts))]
    empty = dict.fromkeys(names, "")
    return [*rows, *[dict(empty) for _ in range(max(MORE if least > 1 else 1, least - len(rows)))]]


def write_amount(form: Form, quantity: str, unit: str) -> str:
    """An amount as you would type it here: ``0,5 cup``, ``1 1/3 batch``, ``2``."""
    number = quantity if "/" in quantity else form.write(quantity)
    return number if unit == "each" else f"{number} {unit}"


def read_line(
    row: Form, known: NamedItems, recipes: Mapping[str, int], *, may_add: bool = False
) -> tuple[Fraction, Meant] | None:
    """The line in a row, or None if it cannot be read, which is noted on its fields."""
    name = row.text("of", needed=True)
    if row.text("amount", needed=True) is None or name is None:
        return None
    try:
        number, unit = split_amount(row["amount"])
        quantity = Fraction(read_number(number, row.locale))
    except ValueError as error:
        row.refuse("amount", str(error))
        return None
    if quantity <= 0:
        row.refuse("amount", "must be above 0")
        return None
    try:
        return quantity, meaning_of(unit, name, known, recipes, may_add=may_add)
    except ValueError as error:
        row.refuse("amount" if "unit" in str(error) else "of", str(error))
        return None


def add_item(
    session: Session, form: Form, kind: str, name: str, base_unit: str, shelf_life_days: int | None = None
) -> int:
    """Add an item that a row names for the first time; only once, however often the form is sent."""
    own = uuid5(form.operation_uuid, f"{kind} {name_key(name)}")
    done = record_item(kind, name, base_unit, session=session, shelf_life_days=shelf_life_days, operation_id=own)
    return done["item_id"]


def read_price(asked: Form) -> int | None:
    """The price in the URL in millionths, or None; an impossible price is noted."""
    price = asked.money("price")
    if price is None:
        return None
    micros = Fraction(price) * MICRO
    if micros <= 0 or micros.denominator != 1 or micros > HIGHEST_MICROS:
        asked.refuse("price", "must be above 0 and have at most six decimals")
        return None
    return int(micros)


@contextmanager
def by_row(form: Form, argument: str, field: str) -> Iterator[None]:
    """Move a service's problem from ``lines[0].quantity`` to the form's field ``amount[0]``."""
    try:
        yield
    except ValidationError as error:
        told = re.compile(rf"{argument}(\[\d+\]|$)(?:\.\w+)?")
        form.problems = [{**one, "field": told.sub(rf"{field}\1", one["field"])} for one in error.problems]
        raise ValidationError(form.problems) from None
