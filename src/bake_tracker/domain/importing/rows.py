"""Read unchecked rows, and report every problem with its place in the file, its value and how to fix it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NotRequired, TypedDict

from bake_tracker.domain.arguments import FINEST, LARGEST, MAX_TEXT, Arguments
from bake_tracker.domain.importing.differences import Difference
from bake_tracker.domain.importing.plan import BakeryPlan
from bake_tracker.domain.remedies import Advice, Remedy
from bake_tracker.domain.slugs import read_slug
from bake_tracker.domain.units import MICRO, Unit
from bake_tracker.domain.written import PLAIN, OtherCurrencyError, UnreadableError, local_day, read_money, read_number

MAX_RATIO = 80
"""The most characters of a stored ratio."""
MAX_SUGGESTED = 200
"""How many unknown names get suggestions; a file with more is the wrong file."""


class Refusal(TypedDict):
    """A value that cannot be imported: its place, the value, and why not and how to fix it."""

    place: str
    value: Any
    reason: str
    remedy: NotRequired[Remedy]
    line: NotRequired[int]
    column: NotRequired[int]


class Skip(TypedDict):
    """Rows that were skipped, and why; neighbours with the same reason share an entry."""

    place: str
    reason: str


class Placed(dict[str, Any]):
    """An object with the readable places of itself and its fields, and their text as written in the file.

    ``problems`` were found while reading. ``same_as`` says why the row adds nothing of its own; ``told_by`` identifies
    a lot whatever its quantity.
    """

    def __init__(self, *, place: str, **fields: Any) -> None:
        super().__init__(fields)
        self.place = place
        self.columns: dict[str, str] = {}
        self.written: dict[str, str] = {}
        self.problems: list[tuple[str, str, Remedy | None]] = []
        self.same_as = self.told_by = ""


class _Fields(dict[str, Any]):
    """The fields of a row, and which of them were read."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        self.seen: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.seen.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.seen.add(key)
        return super().__getitem__(key)


class Row(Arguments):
    """One object of the file; a ``read_`` method returns the value, or refuses it and returns a harmless substitute."""

    def __init__(self, kind: str, index: int, fields: Mapping[str, Any], house: BakeryPlan) -> None:
        super().__init__()
        self.house = house
        self.kind, self.index, self.fields = kind, index, _Fields(fields)
        self.at = fields if isinstance(fields, Placed) else None
        self.place = self.at.place if self.at else f"{kind}[{index}]"
        self.below: dict[str, list[Row]] = {}
        self.refusals: list[Refusal] = []
        for field, problem, remedy in self.at.problems if self.at else ():
            self.refuse(field, problem, remedy)

    def child(self, field: str, index: int, value: Any) -> "Row":
        """A row inside this one; its refusals count for this one too."""
        row = Row(self.kind, self.index, value if isinstance(value, dict) else {}, self.house)
        if isinstance(value, Placed):
            self.refusals.extend(row.refusals)
            row.refusals = self.refusals
            return row
        row.place, row.refusals = f"{self.place}.{field}[{index}]", self.refusals
        if not isinstance(value, dict):
            self.refusals.append({"place": row.place, "value": plain(value), "reason": "must be an object in braces"})
        return row

    def refuse(self, field: str, problem: str, remedy: Remedy | None = None) -> None:
        super().refuse(field, problem, remedy)
        if self.at is None or self.place_of(field) not in [known["place"] for known in self.refusals]:
            one: Refusal = {
                "place": self.place_of(field),
                "value": plain(self._written(field)),
                "reason": problem,
            }
            self.refusals.append(one if remedy is None else {**one, "remedy": remedy})

    def _written(self, field: str) -> object:
        return (self.at.written if self.at else {}).get(field, self.fields.get(field))

    def place_of(self, field: str) -> str:
        """The place of a field of this row, even if it is missing."""
        if not field:
            return self.place
        column = self.at.columns.get(field) if self.at else f".{field}"
        if column is None:
            return f"{self.place}.{field}" if self.place.endswith("]") else f"{self.place}, {field}"
        return f"{self.place}{column}" if column.startswith(".") else f"{self.place}, {column}"

    def unread(self, path: str = "") -> Iterator[str]:
        """The fields that have a value and were never read, also in the rows inside."""
        for field, value in self.fields.items():
            if value and field not in self.fields.seen and self.fields.seen:
                yield f"{path}{plain(field)}"
        for field, rows in self.below.items():
            for row in rows:
                yield from row.unread(f"{path}{field}.")

    def has(self, field: str) -> bool:
        """Whether the field has a value."""
        return self.fields.get(field) not in (None, "")

    def first(self, *fields: str) -> str:
        """The first of these field names that has a value, or the first one if none has."""
        return next((field for field in fields if self.has(field)), fields[0])

    def children(self, field: str) -> list["Row"]:
        """The rows of a list inside this one; none if the list is missing."""
        if field not in self.below:
            values = self.fields.get(field)
            rows = enumerate(values if isinstance(values, list) else [])
            self.below[field] = [self.child(field, index, value) for index, value in rows]
            if values is not None and not isinstance(values, list):
                self.refuse(field, "must be a list in square brackets")
        return self.below[field]

    def read_name(self, *fields: str, limit: int = 200) -> str:
        field = self.first(*fields)
        return self.name(field, self.fields.get(field), limit=limit)

    def read_slug(self, name: str) -> str:
        return read_slug(self, name, self.fields["slug"] if self.has("slug") else None)

    def read_text(self, *fields: str, limit: int = MAX_TEXT) -> str | None:
        field = self.first(*fields)
        return self.text(field, self.fields[field], limit=limit) if self.has(field) else None

    def read_choice(self, field: str, allowed: Sequence[str], otherwise: str) -> str:
        """One of the allowed values; ``otherwise`` if the field is empty."""
        value = self.fields[field] if self.has(field) else otherwise
        if value not in allowed:
            self.refuse(field, f"must be one of {', '.join(allowed)}")
            return otherwise
        return str(value)

    def read_whole(self, field: str, limit: int) -> int | None:
        """A whole number of 0 or more, or None."""
        if not self.has(field):
            return None
        number = exact_number(self.fields[field])
        if number is None or number.denominator != 1 or not 0 <= number <= limit:
            self.refuse(field, f"must be a whole number from 0 to {limit}")
            return None
        return int(number)

    def read_flag(self, field: str) -> bool:
        value = self.fields.get(field)
        if value is not None and not isinstance(value, bool):
            self.refuse(field, "must be true or false")
        return value is True

    def read_number(self, *fields: str) -> Fraction:
        """An exact number above 0."""
        field = self.first(*fields)
        number = exact_number(self.fields.get(field))
        if number is None or not 0 < number <= LARGEST or number.denominator > FINEST or len(str(number)) > MAX_RATIO:
            self.refuse(field, f"must be a number above 0 and at most {LARGEST}, written like 2, 2.5 or 1/3")
            return Fraction(1)
        return number

    def read_optional(self, field: str) -> Fraction | None:
        """An exact number above 0, or None."""
        return self.read_number(field) if self.has(field) else None

    def read_micros(self, *fields: str) -> int:
        """A number above 0 with at most six decimals, as millionths."""
        micros = self.read_number(*fields) * MICRO
        if micros.denominator != 1:
            self.refuse(self.first(*fields), "has more than six decimals; round it")
        return int(micros)

    def read_money(self, field: str) -> Decimal | None:
        """An amount of 0 or more with at most six decimals, with or without the bakery's currency."""
        if not self.has(field):
            return None
        value = self.fields[field]
        try:
            amount = self._money(value) if isinstance(value, str) else exact_number(value)
        except OtherCurrencyError as error:
            self.refuse(field, str(error))
            return None
        if amount is None or not 0 <= amount <= LARGEST or (amount * MICRO).denominator != 1:
            self.refuse(field, "must be an amount of 0 or more with at most six decimals, written like 3.00")
            return None
        return Decimal(int(amount * MICRO)).scaleb(-6)

    def _money(self, text: str) -> Fraction | None:
        try:
            return read_money(text, self.house.currency or "", PLAIN)
        except OtherCurrencyError:
            raise
        except UnreadableError:
            return None

    def read_unit(self, field: str, dimension: str | None = None) -> Unit | None:
        unit = self.unit(field, self.fields.get(field))
        if unit and dimension not in (None, unit.dimension):
            self.refuse(field, f"must be a unit of {dimension}")
        return unit

    def read_day(self, field: str) -> date | None:
        """A day as ``2025-12-21``, or the local day of an instant."""
        if not self.has(field):
            return None
        try:
            day = local_day(self.fields[field], self.house.time_zone or "UTC")
        except (TypeError, ValueError, OverflowError):
            self.refuse(field, "must be a date written like 2025-12-21")
            return None
        return self.day(field, day)


class Findings:
    """The findings about every row that is not added."""

    def __init__(self, house: BakeryPlan) -> None:
        self.house = house
        self.refused: list[Row] = []
        self.skipped: list[tuple[Row, str]] = []
        self.misplaced: list[Refusal] = []
        self.differing: list[tuple[Row, list[Difference]]] = []
        self.read: dict[str, list[Row]] = {}
        """The rows that were read, by section."""
        self._suggested: dict[tuple[str, object], Advice] = {}

    def suggest(self, name: str, fits: object, how: Callable[[str, Any], Advice]) -> Advice:
        """A suggestion for a name among the things that fit, worked out once."""
        if (name, fits) not in self._suggested and len(self._suggested) < MAX_SUGGESTED:
            self._suggested[name, fits] = how(name, fits)
        return self._suggested.get((name, fits), Advice(""))

    def rows(self, document: Mapping[str, Any], kind: str) -> Iterator[Row]:
        """The rows of a section; anything that is not a row is refused."""
        section, read = document.get(kind), self.read.setdefault(kind, [])
        if section is not None and not isinstance(section, list):
            self.misplaced.append(
                {"place": kind, "value": plain(section), "reason": "must be a list in square brackets"}
            )
            return
        for index, value in enumerate(section or []):
            row = Row(kind, index, value if isinstance(value, dict) else {}, self.house)
            if isinstance(value, Placed) and value.same_as:
                self.skip(row, value.same_as)
            elif isinstance(value, dict):
                read.append(row)
                yield row
            else:
                row.refusals = [{"place": row.place, "value": plain(value), "reason": "must be an object in braces"}]
                self.refused.append(row)

    def refuse(self, row: Row) -> None:
        """Count a row as refused, for its recorded reasons."""
        assert row.refusals
        self.refused.append(row)

    def skip(self, row: Row, reason: str) -> None:
        self.skipped.append((row, reason))

    def differ(self, row: Row, reason: str, differences: list[Difference]) -> None:
        """Count a row as skipped, and keep its differences from the bakery."""
        if differences:
            self.differing.append((row, differences))
        self.skip(row, f"{reason} with other values; not changed" if differences else reason)

    def differences(self) -> list[Difference]:
        """Every difference, section by section in the order of the file."""
        rows = sorted(self.differing, key=lambda entry: (entry[0].kind, entry[0].index))
        return [difference for _, differences in rows for difference in differences]

    def refusals(self) -> list[Refusal]:
        """Every refusal, section by section in the order of the file."""
        rows = sorted(self.refused, key=lambda row: (row.kind, row.index))
        return [*self.misplaced, *(refusal for row in rows for refusal in row.refusals)]

    def skips(self) -> list[Skip]:
        """Every skip; neighbours with the same reason are joined: ``ingredients[0-412]``."""
        runs: list[tuple[Row, Row, str]] = []
        for row, reason in sorted(self.skipped, key=lambda entry: (entry[0].kind, entry[0].index)):
            if runs and runs[-1][2] == reason and (row.kind, row.index - 1) == (runs[-1][1].kind, runs[-1][1].index):
                runs[-1] = (runs[-1][0], row, reason)
            else:
                runs.append((row, row, reason))
        return [{"place": _span(first, last), "reason": reason} for first, last, reason in runs]

    def counts(self) -> tuple[Counter[str], Counter[str]]:
        """How many rows of each kind were skipped and how many refused."""
        refused, skipped = _count(self.refused), _count([row for row, _ in self.skipped])
        refused.update(refusal["place"] for refusal in self.misplaced)
        return skipped, refused


def exact_number(value: object) -> Fraction | None:
    """The exact number in a value, also in text (``"2.50"``, ``"1 1/2"``); None for anything else."""
    if isinstance(value, str):
        try:
            return read_number(value, PLAIN)
        except UnreadableError:
            return None
    if isinstance(value, Decimal):
        usable = value.is_finite() and abs(value.adjusted()) <= 30 and len(value.as_tuple().digits) <= 60
        return Fraction(value) if usable else None
    return Fraction(value) if type(value) is int else None


def dicts(document: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    """The objects of a section, before its rows are checked."""
    section = document.get(kind)
    return [value for value in section if isinstance(value, dict)] if isinstance(section, list) else []


def placed(place: str, row: Mapping[str, Any], names: Mapping[str, str]) -> Placed:
    """A row under its place, with some fields renamed; each keeps its place."""
    new = Placed(place=place, **{names.get(name, name): value for name, value in row.items()})
    known = row.columns if isinstance(row, Placed) else {}
    new.columns = {names.get(name, name): known.get(name, f".{name}") for name in row}
    if isinstance(row, Placed):
        new.problems = row.problems
    return new


def placed_rows(document: Mapping[str, Any], section: str) -> list[Placed]:
    """The rows of a section under their places; anything that is not a row becomes an empty one with its problem."""
    values = document.get(section)
    found = []
    for index, value in enumerate(values if isinstance(values, list) else []):
        place = value.place if isinstance(value, Placed) else f"{section}[{index}]"
        row = placed(place, value if isinstance(value, dict) else {}, {})
        if not isinstance(value, dict):
            row.problems = [("", "must be an object in braces", None)]
        found.append(row)
    return found


def plain(value: object) -> Any:
    """A value that a report can show and any database can store."""
    if value is None or isinstance(value, bool):
        return value
    if type(value) is int and abs(value) < 2**63:
        return value
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception:  # nested too deeply, or too many digits to print
        text = f"a {type(value).__name__}"
    text = text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text if len(text) <= 200 else f"{text[:197]}..."


def _span(first: Row, last: Row) -> str:
    if first.index == last.index:
        return first.place
    if first.place == f"{first.kind}[{first.index}]":
        return f"{first.kind}[{first.index}-{last.index}]"
    return f"{first.place} to {last.place}"


def _count(rows: Sequence[Row]) -> Counter[str]:
    counts = Counter(row.kind for row in rows)
    counts["finished_units"] = sum(len(dicts(row.fields, "finished_units")) for row in rows)
    return counts
