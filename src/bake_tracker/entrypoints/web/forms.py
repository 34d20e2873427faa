"""Forms: read numbers exactly in the person's notation; show a refused form as it was typed."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, TypeVar
from uuid import UUID

from babel import Locale, numbers
from fastapi import Depends, Request

from bake_tracker.clock import uuid7
from bake_tracker.domain.errors import (
    ConflictError,
    CountedSinceError,
    DoubtfulError,
    InsufficientComponentsError,
    InsufficientInventoryError,
    LabelIncompleteError,
    Problem,
    ServiceError,
    UnitConversionError,
    ValidationError,
)
from bake_tracker.domain.log.refusals import Short, shortages
from bake_tracker.domain.remedies import Remedy
from bake_tracker.domain.written import (
    Decimals,
    Reading,
    UnreadableError,
    amount_in,
    has_currency,
    read_day,
    read_exact,
    read_moment,
    read_time,
)
from bake_tracker.entrypoints.web.pages import locale_of
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.database import read_scope

_LINE = re.compile(r"lines\[(?P<number>\d+)\]\.(?P<name>.*)")
OPERATION_ID = "operation_id"
SURE = "sure"
When = TypeVar("When", date, datetime, time)


@dataclass
class Form:
    """One form: its fields as text, their problems, and why it was refused."""

    locale: Locale
    sent: Sequence[tuple[str, str]] = ()
    problems: list[Problem] = field(default_factory=list)
    refusal: ServiceError | None = None
    made_id: str | None = None
    line: str = ""
    """For a row of a form: its index, such as ``[0]``, which follows the field's name in problems."""

    def __getitem__(self, name: str) -> str:
        """The text of a field, "" if it is missing."""
        return next((text for key, text in self.sent if key == name), "")

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self.sent)

    def put(self, **values: object) -> "Form":
        """Fill fields: numbers in the local notation, nothing for None."""
        texts = [(name, self._text_of(value)) for name, value in values.items()]
        self.sent = [*texts, *((key, text) for key, text in self.sent if key not in values)]
        return self

    def write(self, value: int | str | Decimal) -> str:
        """A number in the local notation."""
        return numbers.format_decimal(
            Decimal(value), locale=self.locale, decimal_quantization=False, group_separator=False
        )

    @property
    def point(self) -> str:
        """The decimal sign."""
        return numbers.get_decimal_symbol(self.locale)

    # reading --------------------------------------------------------------------------------------------------------

    def text(self, name: str, *, needed: bool = False) -> str | None:
        """The trimmed text of a field, or None if it is empty."""
        typed = self[name].replace("\r\n", "\n").strip()
        if needed and not typed:
            self.refuse(name, "is needed")
        return typed or None

    def number(self, name: str, *, needed: bool = False) -> int | Decimal | None:
        """A number in the local notation; an int if it is whole."""
        exact = self.quantity(name, needed=needed)
        if isinstance(exact, Fraction):
            self.refuse(name, f"must be a decimal number, such as {self.write('0.25')}")
            return None
        return exact

    def quantity(self, name: str, *, needed: bool = False) -> int | Decimal | Fraction | None:
        """Like ``number``, and also ``1/3`` and ``1 1/2``."""
        typed = self.text(name, needed=needed)
        if typed is None:
            return None
        try:
            return read_number(typed, self.locale)
        except UnreadableError as error:
            self.refuse(name, str(error))
            return None

    def money(self, name: str, *, needed: bool = False) -> int | Decimal | None:
        """An amount in the bakery's currency, whose sign or code may stand before or behind it."""
        if has_currency(self[name]):
            try:
                with read_scope() as session:
                    amount = amount_in(self[name], load_bakery(session).currency)
            except UnreadableError as error:
                self.refuse(name, str(error))
                return None
            return replace(self, sent=[(name, amount)]).number(name, needed=needed)
        return self.number(name, needed=needed)

    def key(self, name: str, *, needed: bool = False) -> int | None:
        """The id of the chosen option, or None."""
        typed = self.text(name, needed=needed)
        if typed is None:
            return None
        if not (typed.isascii() and typed.isdigit() and len(typed) < 19):
            self.refuse(name, "is not one of the choices")
            return None
        return int(typed)

    def day(self, name: str, *, needed: bool = False) -> date | None:
        """The day in a date field."""
        return self._read(name, read_day, needed)

    def moment(self, name: str, *, needed: bool = False) -> datetime | None:
        """The instant in a date-and-time field, by the bakery's clock."""
        return self._read(name, read_moment, needed)

    def clock(self, name: str) -> time | None:
        """The time of day in a time field."""
        return self._read(name, read_time, needed=False)

    def _read(self, name: str, read: Callable[[str], When], needed: bool) -> When | None:
        typed = self.text(name, needed=needed)
        try:
            return read(typed) if typed else None
        except UnreadableError as error:
            self.refuse(name, str(error))
            return None

    def rows(self, *names: str) -> list["Form"]:
        """The rows of a form that repeats these fields, each as a form of its own. Empty rows are ignored.

        Their problems are noted in the form, under ``name[0]``, ``name[1]``.
        """
        columns = [[text for key, text in self.sent if key == name] for name in names]
        filled = (texts for texts in zip(*columns, strict=False) if any(text.strip() for text in texts))
        return [
            Form(self.locale, list(zip(names, texts, strict=True)), self.problems, line=f"[{number}]")
            for number, texts in enumerate(filled)
        ]

    def refuse(self, name: str, problem: str, remedy: Remedy | None = None) -> None:
        """Note a problem with a field."""
        self.problems.append({**_of_whole(problem, remedy), "field": name + self.line})

    def done(self) -> None:
        """Raise ValidationError if a field could not be read."""
        if self.problems:
            raise ValidationError(self.problems)

    def be_sure(self, doubts: Sequence[str]) -> None:
        """Raise DoubtfulError unless the person has confirmed exactly these doubts."""
        if doubts and self[SURE] != " ".join(doubts):
            raise DoubtfulError(doubts)

    @property
    def doubt(self) -> str:
        """The doubts that the person is asked about, "" without any."""
        if isinstance(self.refusal, DoubtfulError):
            return " ".join(one["problem"] for one in self.refusal.problems)
        return ""

    # sending once ---------------------------------------------------------------------------------------------------

    @property
    def operation_id(self) -> str:
        """The operation id in the form's hidden field: sending the form twice is one operation."""
        if self.made_id is None:
            self.made_id = self[OPERATION_ID] or uuid7()
        return self.made_id

    @property
    def operation_uuid(self) -> UUID:
        """The operation id as a UUID, to derive further ids from it.

        Raises:
            ValidationError: the id that was sent is not a UUID.
        """
        try:
            return UUID(self.operation_id)
        except ValueError:
            raise ValidationError.of(OPERATION_ID, "must be a UUID") from None

    # refused --------------------------------------------------------------------------------------------------------

    def refused(self, error: ServiceError) -> "Form":
        """The form as it was filled in, with the reason it was refused."""
        self.refusal = error
        if isinstance(error, ValidationError):
            self.problems = list(error.problems)
        if self.earlier_id:
            self.made_id = uuid7()  # the values sent now differ
        return self

    @property
    def earlier_id(self) -> str | None:
        """The operation that this form already recorded, if it is sent again with other values."""
        is_used = isinstance(self.refusal, ConflictError) and "conflicting_operation" in self.refusal.fields
        return self[OPERATION_ID] or None if is_used else None

    @property
    def was_counted_since(self) -> bool:
        """Whether the form asks if a later count had seen this."""
        return isinstance(self.refusal, CountedSinceError)

    def problem(self, name: str) -> str | None:
        """The problem with a field, if any."""
        return "; ".join(one["problem"] for one in self.problems if one["field"] == name + self.line) or None

    @property
    def shortages(self) -> list[Short]:
        """Every shortage."""
        if isinstance(self.refusal, InsufficientInventoryError | InsufficientComponentsError):
            return shortages(self.refusal.log_fields())
        return []

    @property
    def said(self) -> list[Problem]:
        """Every problem, with its field or, if it concerns the whole form, without one."""
        error = self.refusal
        if error is None or self.shortages:
            return []
        if isinstance(error, ValidationError | LabelIncompleteError):
            return list(error.problems)
        if isinstance(error, UnitConversionError):
            return [_of_whole(one["problem"], one.get("remedy")) for one in error.problems]
        if self.earlier_id:
            return [
                {
                    "field": "",
                    "problem": "this was already recorded with other values; send it again to record it as new",
                }
            ]
        return [_of_whole(str(error), error.remedy)]

    def _text_of(self, value: object) -> str:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return self.write(value)
        return "" if value is None else str(value)


def _of_whole(text: str, remedy: Remedy | None) -> Problem:
    found: Problem = {"field": "", "problem": text}
    return found if remedy is None else {**found, "remedy": remedy}


def by_line(form: Form, rows: Sequence[Form]) -> Form:
    """Move the problems of a service's ``lines`` to the form's rows, some of which may be empty."""

    def place(problem: Problem) -> Problem:
        if (found := _LINE.fullmatch(problem["field"])) and (number := int(found["number"])) < len(rows):
            return {**problem, "field": found["name"] + rows[number].line}
        return {**problem, "field": "item_id[0]" if problem["field"] == "lines" else problem["field"]}

    form.problems = [place(one) for one in form.problems]
    if isinstance(form.refusal, ValidationError):
        form.refusal.problems = form.problems
    return form


def blank(request: Request, **values: object) -> Form:
    """An empty form with some prefilled fields."""
    return Form(locale_of(request)).put(**values)


def asked(request: Request) -> Form:
    """The form in the query string of a URL."""
    return Form(locale_of(request), [(key, _kept(value)) for key, value in request.query_params.multi_items()])


async def _read(request: Request) -> Form:
    """Read the form of a request."""
    fields = await request.form()
    typed = [(key, value) for key, value in fields.multi_items() if isinstance(value, str)]
    return Form(locale_of(request), [(key, _kept(value)) for key, value in typed])


def _kept(typed: str) -> str:
    """The typed text without NUL characters, which PostgreSQL cannot store."""
    return typed.replace("\0", "")


Sent = Annotated[Form, Depends(_read)]
"""The form that a request sends, for a plain function."""


def choices(rows: Iterable[Mapping[str, object]], key: str, name: str = "name") -> list[tuple[str, str]]:
    """Rows as the options of a select."""
    return [(str(row[key]), str(row[name])) for row in rows]


def read_number(typed: str, locale: Locale) -> int | Decimal | Fraction:
    """The exact number that somebody typed in the notation of their language; an int if it is whole.

    Raises:
        UnreadableError: the text is not a number, or could be two; the message says how to write it.
    """
    return read_exact(typed, Reading(decimals=decimals_of(locale), typed=True))


def decimals_of(locale: Locale) -> Decimals:
    """The decimal sign of a language."""
    return "comma" if numbers.get_decimal_symbol(locale) == "," else "point"
