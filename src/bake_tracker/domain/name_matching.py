"""Match other people's names for items: remembered names count, similar names are only suggested."""

from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils

from bake_tracker.domain.remedies import Advice

CUTOFF = 60
MOST = 3
MAX_NAME = 300
"""The longest name that can be linked to an item."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """An item with a similar name, and how similar in percent."""

    slug: str
    percent: int


def name_key(text: str) -> str:
    """Case-insensitive key for comparing names."""
    return " ".join(text.casefold().split())


def likenesses(text: str, names: Mapping[str, str]) -> list[Likeness]:
    """The items whose names are most similar to a text, best first; ``names`` are slugs by name."""
    found: dict[str, int] = {}
    for _, percent, slug in process.extract(
        text, {slug + "\0" + name: name for name, slug in names.items()}, scorer=fuzz.WRatio,
        processor=utils.default_process, limit=MOST * 3, score_cutoff=CUTOFF,
    ):  # fmt: skip
        found.setdefault(slug.partition("\0")[0], round(percent))
    return [Likeness(slug, percent) for slug, percent in list(found.items())[:MOST]]


def suggestion(text: str, names: Mapping[str, str]) -> Advice:
    """A hint for an unknown name: similar items and how to choose one."""
    near = likenesses(text, names)
    if not near:
        return Advice("")
    shown = ", ".join(f"{one.slug} ({one.percent} %)" for one in near)
    if len(text) > MAX_NAME:
        return Advice(f"; like {shown}")
    return Advice(f"; like {shown}", {"kind": "map_name", "name": text, "item_slug": near[0].slug})
