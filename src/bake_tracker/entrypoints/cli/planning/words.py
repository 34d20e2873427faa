"""Words that the commands of the plan share."""

from collections.abc import Iterable
from typing import Any

from bake_tracker.domain.amounts import amount_of
from bake_tracker.domain.planning.paper import mixes_words
from bake_tracker.entrypoints.cli.state import counted
from bake_tracker.queries.planning.told import PlannedFor, PlannedQuantity


def of_item(one: PlannedQuantity) -> str:
    """``300 g of flour``, ``19 cookies``."""
    return amount_of(one["quantity"], one["unit"], one["item_slug"])


def task_words(one: Any) -> str:
    """``bake 2 batches of cake``, ``pack 3 boxes``."""
    if one["what"] == "pack":
        return f"pack {amount_of(one['batches'], 'each', one['slug'])}"
    batches = counted(int(one["batches"]), "batch") if one["batches"].isdigit() else f"{one['batches']} batches"
    mixes = mixes_words([(mix["count"], mix["size"]) for mix in one.get("mixes", ())])
    return f"bake {batches} of {one['slug']}" + (f" ({mixes})" if mixes else "")


def for_whom(rows: Iterable[PlannedFor]) -> str:
    """``order 3 (Ada), standing order 1, the shelf``."""
    return ", ".join(dict.fromkeys(_who(row) for row in rows))


def order_words(row: PlannedFor) -> str:
    """``order 3 (Ada), due 2026-12-04 at 14:30``; ``the shelf on 2026-12-04, which is to have 40``."""
    if "par_level" in row:
        return f"the shelf on {row['due_on']}, which is to have {row['par_level']}"
    at = f" at {row['due_time']}" if row["due_time"] else ""
    return f"{_who(row)}, due {row['due_on']}{at}"


def _who(row: PlannedFor) -> str:
    if "standing_order_id" in row:
        known_as = f"standing order {row['standing_order_id']}"
    elif row["order_id"] is None:
        return "the shelf"
    else:
        known_as = f"order {row['order_id']}"
    names = ", ".join(filter(None, (row["recipient"], row["event"])))
    return known_as + (f" ({names})" if names else "")
