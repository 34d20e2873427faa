"""Compare the lots about to be used with the product's label on file."""

from collections.abc import Sequence

from bake_tracker.domain.errors import LabelDiffersError
from bake_tracker.domain.label.contents import Label, label_of
from bake_tracker.domain.label.text import LabelDifference, difference_text, is_different, label_differences, list_text
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.stock.fifo import Draw
from bake_tracker.queries.catalog.label_facts import load_filed
from bake_tracker.queries.stock.made_of import load_made
from bake_tracker.services.operation import Operation


def check_label(operation: Operation, item_id: int, draws: Sequence[Draw], made_micros: int) -> LabelDifference | None:
    """How these draws differ from the label on file; None if nothing is made, no label is on file, or they match.

    Raises:
        LabelDiffersError: they differ, and the bakery's ``label_policy`` is ``refuse``.
    """
    if not (operation.house.has_labels and made_micros):
        return None
    filed = load_filed(operation.connection, item_id)
    if filed is None:
        return None
    made = load_made(operation.connection, {draw.lot.lot_id for draw in draws}, also_item=item_id)
    drawn = [(draw.lot.lot_id, draw.quantity_micros) for draw in draws]
    label = label_of(made.foods[item_id], drawn, made.lots, made.foods, made.of_products, made_micros=made_micros)
    found = label_differences(label, filed.ingredients, filed.contains, filed.may_contain)
    if not is_different(found):
        return None
    if operation.house.label_policy == "refuse":
        raise LabelDiffersError(label.food.slug, difference_text(found), found, _remedy(label))
    return found


def _remedy(label: Label) -> Remedy:
    return {
        "kind": "file_label",
        "item_id": label.food.item_id,
        "item_slug": label.food.slug,
        "ingredients": list_text(label),
        "contains": list(label.contains),
        "may_contain": list(label.may_contain),
    }
