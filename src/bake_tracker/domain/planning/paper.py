"""Words of a production sheet, which a baker reads while weighing."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from bake_tracker.domain.amounts import friendly
from bake_tracker.domain.plurals import plural

_STEPS = {"kg": Decimal("0.001"), "l": Decimal("0.001"), "g": Decimal("0.1"), "ml": Decimal("0.1")}
"""How finely a scale in a bakery is read."""


def weighed_amount(quantity: str, unit: str) -> str:
    """``1.25 kg``, ``29.6 ml``, ``3``: an exact amount as somebody would weigh it; never 0."""
    value, said_in = friendly(quantity, unit)
    exact = Decimal(value)
    step = _STEPS.get(said_in)
    rounded = exact if step is None else (exact.quantize(step, ROUND_HALF_EVEN) or exact)
    text = f"{rounded.normalize():f}"
    return text if said_in == "each" else f"{text} {said_in}"


def mixes_words(mixes: Sequence[tuple[int, str]]) -> str:
    """``3 x 4 + 1 x 1/2``: so many mixes of a size in batches, each; "" for a single one."""
    if sum(count for count, _ in mixes) <= 1:
        return ""
    return " + ".join(f"{count} x {size}" for count, size in mixes)


def job_words(what: str, batches: str, name: str) -> str:
    """``2 batches of Cookies``, ``7 Cookie boxes``."""
    if what == "bake":
        return f"{batches} {'batch' if batches == '1' else 'batches'} of {name}"
    return f"{batches} {name if batches == '1' else plural(name)}"


def source_words(row: Mapping[str, Any]) -> str:
    """Where to find what is taken: ``flour-20261123-1``, ``purchase order 3``, ``made before``."""
    if row.get("purchase_order_id"):
        return f"purchase order {row['purchase_order_id']}"
    return row["lot_code"] or "made before"
