"""The rows of a form that list what was really used."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.recipe_text.typed_lines import split_amount
from bake_tracker.domain.stock.really_used import UsedInput
from bake_tracker.entrypoints.web.forms import Form, read_number
from bake_tracker.queries.catalog.definitions import find_id
from bake_tracker.queries.runs.plans import RunPlan
from bake_tracker.queries.stock.lots import load_lots_called
from bake_tracker.queries.stock.open_lots import load_usable_codes
from bake_tracker.services.database import Session

FIELDS = ("used_amount", "used_lot", "used_instead", "used_reason")
EMPTY_ROWS = 3
_FIELD_OF = {"lot_id": "used_lot", "instead_of": "used_instead", "reason": "used_reason"}


def rows_of(form: Form) -> list[dict[str, str]]:
    """The filled rows, with empty ones below."""
    filled = [{name: row[name] for name in FIELDS} for row in form.rows(*FIELDS)]
    return [*filled, *[dict.fromkeys(FIELDS, "") for _ in range(EMPTY_ROWS)]]


def read_used(session: Session, form: Form) -> list[UsedInput]:
    """The lots in the rows; problems are noted in the form."""
    return [found for row in form.rows(*FIELDS) if (found := _read(session, row))]


@contextmanager
def by_used_row(form: Form) -> Iterator[None]:
    """Move a service's problem from ``used[0].reason`` to the form's field ``used_reason[0]``."""
    try:
        yield
    except ValidationError as error:
        raise ValidationError([{**one, "field": _field(one["field"])} for one in error.problems]) from None


def _field(named: str) -> str:
    entry, _, part = named.partition(".")
    if not entry.startswith("used["):
        return named
    return f"{_FIELD_OF.get(part, 'used_amount')}{entry.removeprefix('used')}"


def _read(session: Session, row: Form) -> UsedInput | None:
    amount, code = row.text("used_amount", needed=True), row.text("used_lot", needed=True)
    if amount is None or code is None:
        return None
    try:
        number, unit = split_amount(amount)
        quantity = read_number(number, row.locale)
    except ValueError as error:
        row.refuse("used_amount", str(error))
        return None
    if not unit:
        row.refuse("used_amount", "needs a unit, such as 120 ml or 2 each")
    lots = load_lots_called(session, code)
    if len(lots) != 1:
        row.refuse("used_lot", _lots_problem(lots))
    instead = row.text("used_instead")
    item_id = find_id(session, "item", instead) if instead else None
    if instead and item_id is None:
        row.refuse("used_instead", "is not the short name of an item")
    if not unit or len(lots) != 1 or (instead and item_id is None):
        return None
    return {
        "lot_id": lots[0],
        "quantity": quantity,
        "unit": unit,
        "instead_of": item_id,
        "reason": row.text("used_reason"),
    }


def _lots_problem(lots: Sequence[int]) -> str:
    if not lots:
        return "is not the code of a lot"
    return f"is the code of several lots; enter the number of one: {', '.join(map(str, lots))}"


def used_choices(session: Session, form: Form, plan: RunPlan | None, today: date) -> dict[str, Any]:
    """The rows of a form, and the lots and items that they suggest."""
    needed = plan["items"] if plan else []
    codes = load_usable_codes(session, [one["item_id"] for one in needed], today)
    return {
        "used_rows": rows_of(form),
        "used_codes": list(dict.fromkeys(codes)),
        "used_slugs": [one["item_slug"] for one in needed],
    }
