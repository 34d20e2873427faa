"""Plan what only tables contain: parts of finished goods, names and the bakery itself."""

from collections.abc import Collection, Mapping
from typing import Any

from bake_tracker.domain.choices import LABEL_POLICIES
from bake_tracker.domain.circles import circles
from bake_tracker.domain.importing.catalog import is_item
from bake_tracker.domain.importing.plan import BakeryPlan, GoodPlan, ItemPlan, NamePlan, OnFile
from bake_tracker.domain.importing.rows import Findings, Row
from bake_tracker.domain.importing.shelf import Shelf
from bake_tracker.domain.name_matching import name_key


def plan_goods(
    document: Mapping[str, Any], known: Mapping[str, GoodPlan], items: Shelf[ItemPlan], findings: Findings
) -> tuple[GoodPlan, ...]:
    """Plan the parts of finished goods; a good that already has parts keeps them."""
    new: dict[str, dict[str, int]] = {}
    rows: dict[str, list[Row]] = {}
    for row in findings.rows(document, "good_parts"):
        good, part = items.find(row, "good", _is_good), items.find(row, "component", _is_part)
        micros = row.read_micros("quantity")
        if good and good.kind != "finished_good":
            row.refuse("good", f"{good.slug} is not a finished good; use the slug of one")
        if part and (part.kind == "ingredient" or part.is_category):
            row.refuse("component", f"{part.slug} cannot be a part; use a finished unit, a finished good or a material")
        if good and part and part.slug in new.get(good.slug, {}):
            row.refuse("component", "is listed twice for this finished good; add the two quantities")
        if row.refusals or not good or not part:
            findings.refuse(row)
        elif good.slug in known:
            same = dict(known[good.slug].parts).get(part.slug) == micros
            findings.skip(
                row, "already recorded" if same else f"{good.slug} has other parts in the bakery; not changed"
            )
        else:
            new.setdefault(good.slug, {})[part.slug] = micros
            rows.setdefault(good.slug, []).append(row)
    _refuse_circles(new, rows, known, findings)
    return tuple(GoodPlan(slug, slug, tuple(parts.items())) for slug, parts in new.items())


def _is_good(item: ItemPlan) -> bool:
    return item.kind == "finished_good" and not item.is_category


def _is_part(item: ItemPlan) -> bool:
    return item.kind != "ingredient" and not item.is_category


def _refuse_circles(
    new: dict[str, dict[str, int]], rows: Mapping[str, list[Row]], known: Mapping[str, GoodPlan], findings: Findings
) -> None:
    """Refuse every row whose finished good would contain itself."""
    children: dict[str, Collection[str]] = {good.slug: [slug for slug, _ in good.parts] for good in known.values()}
    while found := list(circles({**children, **new})):
        for path in found:
            for slug in {*path} & new.keys():
                for row in rows[slug]:
                    row.refuse("component", f"it would contain itself: {' > '.join(path)}")
                    findings.refuse(row)
                del new[slug]


def plan_names(document: Mapping[str, Any], names: Shelf[NamePlan], items: Shelf[ItemPlan]) -> None:
    """Plan other names for items."""
    for row in names.findings.rows(document, "names"):
        key, item = name_key(row.read_name("name", limit=300)), items.find(row, "item", is_item)
        if key in items.known or key in items.new:
            row.refuse("name", f"{key!r} is the slug of an item and already means that item; remove this row")
        known = names.known.get(key)
        if known and item and known.item_slug != item.slug:
            row.refuse("name", f"means {known.item_slug} here", {"kind": "rename", "name": key, "item_slug": item.slug})
        names.admit(row, NamePlan(key, key, item.slug if item else ""))


def plan_bakery(document: Mapping[str, Any], known: OnFile, findings: Findings) -> BakeryPlan | None:
    """Plan the settings of an empty bakery; refuse a file with another currency if the bakery is not empty."""
    taken: BakeryPlan | None = None
    for row in findings.rows(document, "bakery"):
        here = known.bakery
        said = {field: row.read_text(field) or getattr(here, field) for field in ("currency", "time_zone")}
        policy = row.read_choice("label_policy", LABEL_POLICIES, here.label_policy or LABEL_POLICIES[0])
        bakery = BakeryPlan(row.read_name("name"), **said, label_policy=policy)
        if bakery.currency != here.currency and not known.is_empty:
            row.refuse("currency", f"this bakery uses {here.currency}; import the file into an empty database")
        if row.refusals:
            findings.refuse(row)
        elif bakery == here or not known.is_empty or taken:
            findings.skip(row, "already recorded" if bakery == here else "this bakery keeps its own settings")
        else:
            taken = bakery
    return taken
