"""The one list component: search, sort, page by key, and export what you see.

A feature declares its list once, and its route makes two calls::

    LIST = ListOf("stock", (Column("name", "Item", link="item", by=("item_id",)), Column("on_hand", "On hand", "number",
                  unit="unit"), ...), sort="name", keep=("kind",))

    ask = LIST.ask(request)
    found = load_stock_slice(session, ask, ...)  # queries/keyset.py in SQL, or domain.slices.slice_of(rows, ask, ...)
    return LIST.answer(request, "stock.html", found, ...)

The template shows it with ``{% from "lists.html" import show_list with context %}{{ show_list(listing, "Items") }}``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.money import written
from bake_tracker.domain.slice_keys import read_key, write_key
from bake_tracker.domain.slices import Ask, Found
from bake_tracker.entrypoints.http.downloads import file_answer
from bake_tracker.entrypoints.web.pages import adding_up, locale_of, path_for, render, rounding_of
from bake_tracker.files.tables import Sheet, csv_content, xlsx_content

MOST_EXPORTED = 100_000
LONGEST_SEARCH = 200
FORMATS = ("csv", "xlsx")

Shown = Literal["text", "number", "money", "price", "day", "moment", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the field of a row that it shows, and how.

    ``unit`` is the field with a number's unit, ``words`` maps values to words. ``link`` is a route, and ``by`` names
    the fields that fill its path. ``sort`` is the field to sort by, or None if the column cannot be sorted; ``on_page``
    is False for a column only in files, ``narrow`` for one that a phone leaves out. ``part_of`` is the field with the
    total that this column and those like it add up to.
    """

    key: str
    title: str
    shown: Shown = "text"
    unit: str | None = None
    words: Mapping[str, str] | None = None
    link: str | None = None
    by: tuple[str, ...] = ()
    sort: str | None = ""
    on_page: bool = True
    narrow: bool = True
    part_of: str | None = None

    @property
    def sorted_by(self) -> str | None:
        """The field that the column sorts by, or None."""
        return self.key if self.sort == "" else self.sort

    @property
    def is_money(self) -> bool:
        """Whether it is an amount of money, or a price for one piece."""
        return self.shown in ("money", "price")

    @property
    def is_number(self) -> bool:
        """Whether the column is right-aligned."""
        return self.is_money or self.shown == "number"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list for a template."""

    of: "ListOf"
    request: Request
    asked: Ask
    rows: Sequence[Mapping[str, Any]]
    next: tuple[Any, Any] | None

    @property
    def columns(self) -> list[Column]:
        """The columns shown on the page."""
        return [column for column in self.of.columns if column.on_page]

    @property
    def is_searched(self) -> bool:
        """Whether the list is filtered."""
        return bool(self.asked.search) or any(self.request.query_params.get(name) for name in self.of.keep)

    def name(self, parameter: str) -> str:
        """The name of a parameter of this list in the URL."""
        return self.of.prefix + parameter

    def kept(self, *without: str) -> list[tuple[str, str]]:
        """The URL's current parameters, without the page and these parameters of the list."""
        gone = {self.name(one) for one in (*without, "after", "format")}
        own = {self.name(one) for one in ("q", "sort")} | set(self.of.keep)
        return [
            (name, value)
            for name, value in self.request.query_params.multi_items()
            if name in own and name not in gone and value
        ]

    def path(self, *without: str, **more: str) -> str:
        """The URL of this list with some parameters changed: ``sort``, ``q``, ``after``, ``format``."""
        query = [*self.kept(*without, *more), *((self.name(name), value) for name, value in more.items() if value)]
        return self.here + (f"?{urlencode(query)}" if query else "")

    @property
    def here(self) -> str:
        """The URL without its query."""
        return self.request.url.path

    def sorting(self, column: Column) -> str | None:
        """How the column is sorted now, as a value of ``aria-sort``."""
        if column.sorted_by != self.asked.sort:
            return None
        return "descending" if self.asked.descending else "ascending"

    def sort_path(self, column: Column) -> str:
        """The URL that sorts by this column, or reverses the order if it already does."""
        turned = column.sorted_by == self.asked.sort and not self.asked.descending
        return self.path(sort=f"{'-' if turned else ''}{column.sorted_by}")

    def next_path(self) -> str:
        """The URL of the next page."""
        return self.path(after=write_key(self.next) or "")

    def share(self, column: Column, row: Mapping[str, Any]) -> str | None:
        """A cell that is a part of a total in its row, rounded so that all parts add up to it."""
        parts = [one.key for one in self.of.columns if one.part_of == column.part_of]
        total = row[column.part_of or ""]
        texts = adding_up(
            [row[key] for key in parts], total, locale=locale_of(self.request), rounding=rounding_of(self.request)
        )
        return texts[parts.index(column.key)]

    def link(self, column: Column, row: Mapping[str, Any]) -> str | None:
        """The link of a cell, if any."""
        if column.link is None or any(row[name] is None for name in column.by):
            return None
        return path_for(self.request, column.link, **{name: row[name] for name in column.by})


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list: its name, which also names its files; its columns; and its first order (``-`` for descending).

    ``keep`` names other URL parameters that stay while somebody searches, sorts and pages. On a page with two lists,
    one of them has a ``prefix``.
    """

    name: str
    columns: tuple[Column, ...]
    sort: str
    keep: tuple[str, ...] = ()
    prefix: str = ""
    page_size: int = 50
    _sorts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sorts", frozenset(one.sorted_by for one in self.columns if one.sorted_by))

    def ask(self, request: Request) -> Ask:
        """The slice that the URL asks for; the whole list if a file is wanted.

        Raises:
            ValidationError: the list cannot be sorted that way, or has no such page.
        """
        given = request.query_params
        asked_sort = given.get(self.prefix + "sort") or self.sort
        sort = asked_sort.removeprefix("-")
        if sort not in self._sorts:
            raise ValidationError.of("sort", f"must be one of {', '.join(sorted(self._sorts))}")
        is_file = self._format(request) is not None
        after = given.get(self.prefix + "after")
        return Ask(
            sort,
            asked_sort.startswith("-"),
            " ".join(given.get(self.prefix + "q", "").replace("\0", "").split())[:LONGEST_SEARCH],
            None if is_file or not after else (*read_key(after),),
            MOST_EXPORTED if is_file else self.page_size,
        )

    def listing(self, request: Request, found: Found[Any]) -> Listing:
        """The list for a template, beside others on one page."""
        return Listing(self, request, self.ask(request), found.rows, found.next)

    def shown(self, request: Request, rows: Sequence[Mapping[str, Any]]) -> Listing:
        """Some of its rows on another page, shown the same way but without search and paging."""
        return Listing(self, request, Ask(self.sort.removeprefix("-"), self.sort.startswith("-")), rows, None)

    def answer(
        self, request: Request, template: str, found: Found[Any], *, status: int = 200, **values: Any
    ) -> Response:
        """Answer with the page, with the list as ``listing``, or with the requested file."""
        listing = self.listing(request, found)
        return self.file(request, found) or render(request, template, status, listing=listing, **values)

    def file(self, request: Request, found: Found[Any]) -> Response | None:
        """The rows as the requested file, or None if a page is wanted.

        Raises:
            ValidationError: there are more rows than a file may have; a file with only some would look complete.
        """
        if (wanted := self._format(request)) is None:
            return None
        if found.next is not None:
            raise ValidationError.of(
                "format", f"can have at most {MOST_EXPORTED:,} rows, and this list has more; search first"
            )
        decimals = rounding_of(request).decimals if any(column.is_money for column in self.columns) else 0
        rows = [[_in_file(column, row[column.key], decimals) for column in self.columns] for row in found.rows]
        texts = frozenset(column.title for column in self.columns if not column.is_number)
        sheet = Sheet(self.name[:30], [column.title for column in self.columns], rows, texts)
        content = csv_content(sheet) if wanted == "csv" else xlsx_content([sheet])
        return file_answer(content, f"{self.name}.{wanted}")

    def _format(self, request: Request) -> str | None:
        wanted = request.query_params.get(self.prefix + "format")
        if wanted and wanted not in FORMATS:
            raise ValidationError.of("format", f"must be one of {', '.join(FORMATS)}")
        return wanted or None


def _in_file(column: Column, value: Any, decimals: int) -> str:
    if value is None:
        return ""
    if column.is_money:
        return written(str(value), decimals)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return column.words.get(str(value), str(value)) if column.words else str(value)
