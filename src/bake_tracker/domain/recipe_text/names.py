"""Find the item that a name on a page means: exactly, or by a remembered name; similar names are only suggested."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from bake_tracker.domain.name_matching import likenesses, name_key
from bake_tracker.domain.recipes.quantities import Item
from bake_tracker.domain.slugs import NO_SLUG, slugify

New = TypeVar("New")


@dataclass(frozen=True, slots=True)
class NamedItems:
    """Items by every known name, as ``name_key`` spells it; a name that several items share is left out."""

    by_key: Mapping[str, Item]
    items: tuple[Item, ...]

    @classmethod
    def of(cls, items: Iterable[Item], remembered: Mapping[str, int]) -> "NamedItems":
        """Index the items; ``remembered`` are item ids by remembered name."""
        found = tuple(items)
        called: defaultdict[str, dict[int, Item]] = defaultdict(dict)
        for item in found:
            for key in {name_key(item.name), slugify(item.name), item.slug}:
                called[key][item.item_id] = item
        by_key = {key: next(iter(of.values())) for key, of in called.items() if len(of) == 1}
        by_id = {item.item_id: item for item in found}
        said = {name: by_id[item_id] for name, item_id in remembered.items() if item_id in by_id}
        return cls({**said, **by_key}, found)

    def find(self, name: str) -> Item | None:
        """The item with this name or slug, in singular or plural, or the one this name is remembered for."""
        return next((self.by_key[key] for key in _keys(name) if key in self.by_key), None)

    def like(self, name: str) -> list[str]:
        """The slugs of the items with the most similar names, best first."""
        return [one.slug for one in likenesses(name, {item.name: item.slug for item in self.items})]


class NewNames(Generic[New]):
    """What is new under each name so far; another spelling of a name means the same thing."""

    def __init__(self) -> None:
        self._by_key: dict[str, New] = {}

    def find(self, name: str) -> New | None:
        """What an earlier name means that ``NamedItems`` would match with this one."""
        return next((self._by_key[key] for key in _keys(name) if key in self._by_key and key != NO_SLUG), None)

    def add(self, name: str, new: New) -> New:
        for key in (name_key(name), slugify(name)):
            self._by_key.setdefault(key, new)
        return new


def _keys(name: str) -> Iterable[str]:
    for spelling in (name, *_numbers(name)):
        yield name_key(spelling)
        yield slugify(spelling)


def _numbers(name: str) -> Iterable[str]:
    """Other spellings in singular and plural: ``eggs`` and ``egg``, ``loaves`` and ``loaf``."""
    low = name_key(name)
    if low.endswith("ies"):
        yield f"{low[:-3]}y"
    if low.endswith("ves"):
        yield f"{low[:-3]}f"
        yield f"{low[:-3]}fe"
    if low.endswith("es"):
        yield low[:-2]
    if low.endswith("s"):
        yield low[:-1]
    elif low.endswith("y"):
        yield f"{low[:-1]}ies"
    yield f"{low}s"
    yield f"{low}es"
