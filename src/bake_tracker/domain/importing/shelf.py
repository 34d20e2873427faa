"""Look up slugs of a file: in the bakery, among the rows to add, or among the refused rows; and plan simple rows."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, Generic, Protocol, TypeVar

from bake_tracker.domain.circles import circles
from bake_tracker.domain.importing.differences import row_differences
from bake_tracker.domain.importing.plan import PREFERRED
from bake_tracker.domain.importing.rows import Findings, Row
from bake_tracker.domain.importing.tables import TABLES, Column
from bake_tracker.domain.name_matching import name_key, suggestion
from bake_tracker.domain.remedies import Advice


class Slugged(Protocol):
    """Anything with a slug and a name."""

    @property
    def slug(self) -> str: ...

    @property
    def name(self) -> str: ...


Thing = TypeVar("Thing", bound=Slugged)


@dataclass(frozen=True, slots=True)
class Need:
    """A row's reference to another of its kind: the row and field with the reference, and the slug."""

    row: Row
    field: str
    slug: str


class Shelf(Generic[Thing]):
    """All things of one kind, by slug."""

    def __init__(
        self, what: str, known: Mapping[str, Thing], findings: Findings, told: Mapping[str, str] | None = None
    ) -> None:
        self.what, self.known, self.findings, self.told = what, known, findings, told
        self.new: dict[str, Thing] = {}
        self.rows: dict[str, Row] = {}
        self.refused: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        self.left: list[tuple[Thing, Thing]] = []
        """What the bakery has, and what the file says of it."""
        self.missed: set[str] = set()
        """Slugs that a row was refused for: a later row must not add what an earlier one lacked."""
        self._slugs_by_name: dict[str, set[str]] | None = None

    def admit(self, row: Row, thing: Thing) -> bool:
        """Add a row's thing, unless the row was refused, the bakery has it, or an earlier row has its slug."""
        self._check_kind(row, thing)
        slug, former = thing.slug, row.fields.get("previous_slug") or self._namesake(row, thing)
        if isinstance(former, str) and former:
            self.renamed.setdefault(former, slug)
        if slug not in self.known and isinstance(former, str) and former in self.known:
            self.renamed[slug] = former
        if not row.refusals and slug in self.new and self.new[slug] != thing:
            row.refuse(
                "slug", f"{slug!r} is already the slug of {self.rows[slug].place}; give one of them another slug"
            )
        if row.refusals:
            self.refused.setdefault(slug, row.place)
            self.findings.refuse(row)
        elif slug in self.new:
            self.findings.skip(row, f"same as {self.rows[slug].place}")
        elif slug in self.known:
            self._leave(row, self.known[slug], thing, "already recorded")
        elif (renamed := self.renamed.get(slug)) and renamed in self.known:
            self._leave(row, self.known[renamed], thing, f"already recorded as {former}")
        else:
            self.new[slug], self.rows[slug] = thing, row
            if self._slugs_by_name is not None:  # building it again for every row would be quadratic
                self._slugs_by_name.setdefault(name_key(thing.name), set()).add(slug)
            return True
        return False

    def _check_kind(self, row: Row, thing: Thing) -> None:
        """Refuse a row whose slug something of another kind has in the bakery, such as a material."""
        kind = getattr(thing, "kind", None)
        for field, slug in (("slug", thing.slug), ("previous_slug", row.fields.get("previous_slug"))):
            here = getattr(self.known.get(slug), "kind", kind) if isinstance(slug, str) else kind
            if here != kind:
                was, now = (str(one).replace("_", " ") for one in (here, kind))
                row.refuse(field, f"{slug!r} is already a {was}; give this {now} another slug")

    def _namesake(self, row: Row, thing: Thing) -> str | None:
        """The slug of the only thing of this name and kind in the bakery, for a row that states no slug."""
        if row.has("slug") or thing.slug in self.known or thing.slug in self.new:
            return None
        if told := (self.told or {}).get(name_key(thing.name)):
            return told
        kind = getattr(thing, "kind", None)
        called = self._names().get(name_key(thing.name), set()) & self.known.keys()
        alike = [slug for slug in called if getattr(self.known[slug], "kind", None) == kind]
        return alike[0] if len(alike) == 1 else None

    def _leave(self, row: Row, here: Thing, there: Thing, reason: str) -> None:
        """Leave the bakery unchanged, and report how the file differs."""

        self.left.append((here, there))

        def known_as(slug: str) -> str:
            found = self.get(slug)
            return found.slug if found else slug

        self.findings.differ(row, reason, row_differences(row.place, here, there, row.has, known_as))

    def get(self, slug: str) -> Thing | None:
        """The thing with this slug, also after a rename."""
        for candidate in (slug, self.renamed.get(slug, slug)):
            if (found := self.new.get(candidate) or self.known.get(candidate)) is not None:
                return found
        return None

    def find(
        self, row: Row, field: str, fits: Callable[[Thing], bool] | None = None, what: str | None = None
    ) -> Thing | None:
        """The thing that the row names in ``field``; if there is none, the row is refused.

        Only a thing that ``fits``, which is called ``what``, is suggested in its place.
        """
        slug = row.fields.get(field)
        if not isinstance(slug, str) or not slug:
            row.refuse(field, f"must be the slug of {what or self.what}")
            return None
        found = self.get(slug) or self.by_name(slug)
        if found is None:
            self.missed.add(slug)
            row.refuse(field, *self.why_missing(slug, fits, what))
        return found

    def by_name(self, text: str) -> Thing | None:
        """The thing that a name was mapped to, or the only one with this name; only if names are allowed here."""
        if self.told is None:
            return None
        key = name_key(text)
        if slug := self.told.get(key):
            return self.get(slug)
        called = self._names().get(key, set())
        return self.get(next(iter(called))) if len(called) == 1 else None

    def why_missing(self, slug: str, fits: Callable[[Thing], bool] | None = None, what: str | None = None) -> Advice:
        """Why nothing was found for a reference, and what would help."""
        if slug in self.refused:
            return Advice(f"refers to {self.refused[slug]}, which was refused; correct that first")
        if len(called := self._names().get(name_key(slug), set())) > 1:
            return Advice(f"matches {len(called)} names: {', '.join(sorted(called))}; use the slug of one")
        by = "slug" if self.told is None else "slug or name"
        near = Advice("") if self.told is None else self.findings.suggest(slug, fits, self._likely)
        nowhere = f"neither the file nor the bakery has {what or self.what} with this {by}; add it or correct this"
        return Advice(nowhere + near.text, near.remedy)

    def _names(self) -> dict[str, set[str]]:
        if self._slugs_by_name is None:
            self._slugs_by_name = {}
            for thing in (*self.known.values(), *self.new.values()):
                self._slugs_by_name.setdefault(name_key(thing.name), set()).add(thing.slug)
        return self._slugs_by_name

    def _likely(self, slug: str, fits: Callable[[Thing], bool] | None) -> Advice:
        fitting = {
            slug for things in (self.known, self.new) for slug, thing in things.items() if fits is None or fits(thing)
        }
        likely = {slug.replace("_", " ").replace("-", " "): slug for slug in fitting}
        named = {name: min(slugs & fitting) for name, slugs in self._names().items() if slugs & fitting}
        return suggestion(slug, {**likely, **named})

    def withdraw(self, slug: str) -> None:
        """Refuse a row that had been admitted, for the reasons found since."""
        row, thing = self.rows.pop(slug), self.new.pop(slug)
        if self._slugs_by_name is not None:
            self._slugs_by_name[name_key(thing.name)].discard(slug)
        self.refused.setdefault(slug, row.place)
        self.findings.refuse(row)

    def settle(self, needs_of: Callable[[Row], Sequence[Need]]) -> None:
        """Refuse new rows that refer to something missing or refused, or that would contain themselves."""
        needs = {slug: [self._resolved(need) for need in needs_of(row)] for slug, row in self.rows.items()}
        self._refuse_circles(needs)
        users: defaultdict[str, list[tuple[str, Need]]] = defaultdict(list)
        for slug in self.new:
            for need in needs[slug]:
                users[need.slug].append((slug, need))
        gone = [slug for slug in users if self.get(slug) is None]
        while gone:
            missing = gone.pop()
            why = self.why_missing(missing)
            for slug, need in users[missing]:
                need.row.refuse(need.field, *why)
                if slug in self.new:
                    self.withdraw(slug)
                    if self.get(slug) is None and slug in users:
                        gone.append(slug)

    def _resolved(self, need: Need) -> Need:
        found = self.get(need.slug)
        return need if found is None else replace(need, slug=found.slug)

    def _refuse_circles(self, needs: Mapping[str, Sequence[Need]]) -> None:
        children = {slug: [need.slug for need in needs[slug] if need.slug in self.new] for slug in self.new}
        for circle in circles(children):
            path = " > ".join(circle)
            for slug, following in pairwise(circle):
                need = next(need for need in needs[slug] if need.slug == following)
                need.row.refuse(need.field, f"it would contain itself: {path}; remove one of these references")
                self.withdraw(slug)


def plan_declared(document: Mapping[str, Any], name: str, plan: type[Thing], shelf: Shelf[Thing]) -> None:
    """Plan the rows of a table, each field read as its column declares; empty fields get their defaults."""
    columns = {known: column for column in TABLES[name].columns for known in (column.name, column.of)}
    for row in shelf.findings.rows(document, name):
        called = row.read_name("name")
        said: dict[str, Any] = {"slug": row.read_slug(called), "name": called}
        for field in fields(plan):  # type: ignore[arg-type]  # every plan is a dataclass
            if field.name not in said and (value := _read(row, columns[field.name])) is not None:
                said[field.name] = value
        shelf.admit(row, plan(**said))


def _read(row: Row, column: Column) -> Any:
    field = row.first(column.read_as, column.older or column.read_as)
    if column.choices:
        return row.read_choice(field, column.choices, column.choices[0])
    if column.kind == "text":
        return row.read_text(field, limit=column.limit)
    if column.kind == "number" and column.most is not None:
        return row.read_whole(field, column.most)
    if column.kind == "number":
        return row.read_optional(field)
    return {"kept_in": read_kept_in, "flag": Row.read_flag, "day": Row.read_day}[column.kind](row, field)


def read_kept_in(row: Row, field: str) -> str:
    """The base unit that an item is kept in."""
    if not row.has(field):
        row.refuse(field, "is missing; give the unit it is kept in, such as g, ml, each or cm")
        return "g"
    unit = row.read_unit(field)
    return PREFERRED[unit.dimension] if unit else "g"
