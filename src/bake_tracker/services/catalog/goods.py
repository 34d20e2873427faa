"""Finished goods and their components."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict, cast
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.errors import FinishedGoodNotFoundError, ItemNotFoundError, ValidationError
from bake_tracker.domain.recipes.quantities import topological_order
from bake_tracker.models import tables
from bake_tracker.queries.bakery import lock_bakery
from bake_tracker.queries.catalog.definitions import load_good_children, load_items, load_slugs
from bake_tracker.queries.catalog.things import load_things
from bake_tracker.services.catalog.changes import note_changes
from bake_tracker.services.operation import Kind, recording

COMPONENTS = Kind(
    "record_good_components",
    "goods_service",
    "Set the components of a good",
    success_fields=("finished_good_id", "component_count"),
)


class ComponentInput(TypedDict):
    """The ``quantity`` of an item, in its base unit, in one good."""

    item_id: int
    quantity: int | Decimal


class GoodComponentsResult(TypedDict):
    """The number of components of a good."""

    operation_id: str
    finished_good_id: int
    component_count: int


def record_good_components(
    finished_good_id: int,
    components: Sequence[ComponentInput],
    *,
    session: Session,
    operation_id: UUID | str | None = None,
) -> GoodComponentsResult:
    """Set the components of a finished good: finished units, other finished goods and packaging materials.

    Raises:
        ValidationError: an argument is not allowed, or a component is an ingredient.
        RecipeCycleError: the good would contain itself; names the path.
        FinishedGoodNotFoundError, ItemNotFoundError: there is no such good or component.
    """
    with recording(COMPONENTS, session, locals()) as operation:
        given = Arguments()
        good_id = given.key("finished_good_id", finished_good_id)
        parts: dict[int, int] = {}
        for number, component in enumerate(given.rows("components", components)):
            key = given.key(f"components[{number}].item_id", component.get("item_id"))
            micros = given.micros(f"components[{number}].quantity", component.get("quantity"), above_zero=True)
            parts[key] = parts.get(key, 0) + micros
        given.done()
        if done := operation.claim({"finished_good_id": good_id, "parts": sorted(parts.items())}):
            return cast(GoodComponentsResult, done)
        lock_bakery(session)  # two edits at once could together close a circle, or mix their components
        items = load_items(session, {good_id, *parts})
        if good_id not in items or items[good_id].kind != "finished_good":
            raise FinishedGoodNotFoundError(good_id)
        for key in parts:
            if key not in items:
                raise ItemNotFoundError(key)
            if items[key].kind == "ingredient":
                raise ValidationError.of("components", f"{items[key].slug} is an ingredient; bake it first")
        children = load_good_children(session)
        children[good_id] = list(parts)
        names = {key: slug for slug, key in load_slugs(session, "item").items()}
        topological_order(good_id, lambda key: children.get(key, []), names, "components")
        before = load_things(session, [("good_component", str(good_id))])
        session.execute(delete(tables.good_component).where(tables.good_component.c.good_id == good_id))
        session.execute(
            insert(tables.good_component),
            [{"good_id": good_id, "component_id": key, "quantity_micros": micros} for key, micros in parts.items()],
        )
        note_changes(operation, before)
        return operation.succeed(
            GoodComponentsResult(operation_id=operation.id, finished_good_id=good_id, component_count=len(parts))
        )
