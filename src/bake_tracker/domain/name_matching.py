"""What somebody else's name for an item may mean: told once, it is known; a likeness is only ever suggested."""

from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils

CUTOFF = 60
MOST = 3


@dataclass(frozen=True, slots=True)
class Likeness:
    """An item that a name is like, and how like in per cent."""

    slug: str
    percent: int


def name_key(text: str) -> str:
    """A name as it is remembered: without the difference of case and blanks."""
    return " ".join(text.casefold().split())


def likenesses(text: str, names: Mapping[str, str]) -> list[Likeness]:
    """The items whose names are most like a text, the likest first; ``names`` are slugs by name."""
    found: dict[str, int] = {}
    for _, percent, slug in process.extract(
        text, {slug + "\0" + name: name for name, slug in names.items()}, scorer=fuzz.WRatio,
        processor=utils.default_process, limit=MOST * 3, score_cutoff=CUTOFF,
    ):  # fmt: skip
        found.setdefault(slug.partition("\0")[0], round(percent))
    return [Likeness(slug, percent) for slug, percent in list(found.items())[:MOST]]


def suggestion(text: str, names: Mapping[str, str]) -> str:
    """What to say about a name that nobody knows."""
    near = likenesses(text, names)
    if not near:
        return ""
    shown = ", ".join(f"{one.slug} ({one.percent} %)" for one in near)
    return f'; like {shown}: if it is one of these, say --map "{text[:80]}={near[0].slug}"'
