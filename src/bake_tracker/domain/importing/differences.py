"""Compare a row with what the bakery has under the same slug; empty fields never differ."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypedDict

from bake_tracker.domain.importing.plan import LinePlan, YieldPlan
from bake_tracker.domain.units import format_micros

_NEVER_DIFFER = {"slug", "kind", "lot_count", "item_slug"}
_MAY_BE_SAID = {"pick_policy", "base_unit", "is_category"}  # compared only if the file has them: a default says nothing
_FILLED = {"makes"}  # an import adds these where the bakery has none
MAX_SHOWN = 200


class Difference(TypedDict):
    """A field in which a row differs from the bakery; the bakery is not changed."""

    place: str
    slug: str
    field: str
    here: str | None
    in_file: str


def row_differences(
    place: str, here: Any, there: Any, has: Callable[[str], bool], known_as: Callable[[str], str]
) -> list[Difference]:
    """Every field in which the file differs; ``known_as`` maps a slug of the file to the bakery's slug."""
    found: list[Difference] = []
    for name in (field.name for field in fields(there) if field.name not in _NEVER_DIFFER):
        new, old = getattr(there, name), getattr(here, name)
        is_default = name in _MAY_BE_SAID and not has(name)
        if is_default or new in (None, ()) or (name in _FILLED and not old) or (name == "together" and not new):
            continue
        told, kept = _told(name, new, known_as), _told(name, old, known_as)
        if told != kept and told is not None:
            shown = {"here": kept and kept[:MAX_SHOWN], "in_file": told[:MAX_SHOWN]}
            found.append(Difference(place=place, slug=here.slug, field=name, **shown))  # type: ignore[typeddict-item]
    return found


def _told(name: str, value: Any, known_as: Callable[[str], str]) -> str | None:
    if value is None:
        return None
    if name == "parent_slug":
        return known_as(value)
    if name == "lines":
        return "; ".join(_line(line, known_as) for line in value)
    if name == "makes":
        return "; ".join(sorted(_yield(made) for made in value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _line(line: LinePlan, known_as: Callable[[str], str]) -> str:
    return f"{line.quantity} {line.unit} {line.item_slug or known_as(line.sub_recipe_slug or '')}"


def _yield(made: YieldPlan) -> str:
    share = "" if made.share is None else f" ({made.share} of the cost)"
    return f"{format_micros(made.quantity_micros)} {made.slug}{share}"
