"""Make pages: what every template can use, where its files are, and how a refusal looks."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, dates, negotiate_locale
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import iter_route_contexts
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bake_tracker.domain.access import Role
from bake_tracker.domain.amounts import friendly
from bake_tracker.domain.money import Rounding, written
from bake_tracker.domain.plurals import one_of, plural
from bake_tracker.entrypoints.http import cookies
from bake_tracker.entrypoints.http.access import CSRF_FIELD, CSRF_HEADER, calendar_token_of, caller_of
from bake_tracker.entrypoints.http.problems import Problem
from bake_tracker.entrypoints.web.navigation import NAVIGATION
from bake_tracker.entrypoints.web.remedies import helps, remedies_of
from bake_tracker.entrypoints.web.words import OPERATIONS
from bake_tracker.queries.bakery import BakeryInfo, load_bakery
from bake_tracker.services.database import read_scope

HERE = Path(__file__).parent
STATIC = HERE / "static"
LANGUAGES = ("en", "en_GB", "de", "fr", "es", "it", "nl", "sv", "da", "pl", "pt", "cs")
"""Languages for numbers and dates; the words are always English."""

_PART = re.compile(r"{(\w+)}")
_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def pages() -> APIRouter:
    """A router of one feature's pages."""
    return APIRouter(include_in_schema=False)


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Render a page with everything that every template can use."""
    cookies.begin_visit(request)
    caller = caller_of(request)
    locale = locale_of(request)
    if isinstance(house := values.get("bakery"), BakeryInfo):
        request.state.rounding = Rounding(house.decimals)
    text = _environment.get_template(template).render(
        request=request,
        caller=caller,
        may=lambda role: caller is not None and caller.role.allows(Role(role)),
        navigation=[one for one in NAVIGATION if caller is not None and caller.role.allows(one.role)],
        path_for=partial(path_for, request),
        helps=partial(helps, partial(path_for, request)),
        remedies_of=remedies_of,
        static=partial(static_path, request),
        csrf_field=CSRF_FIELD,
        csrf_header=CSRF_HEADER,
        csrf_token=cookies.csrf_token(request),
        locale=locale,
        number=partial(number, locale=locale),
        amount=partial(amount, locale=locale),
        goods_text=partial(goods_text, locale=locale),
        rounded=_with_rounding(rounded, request),
        price_text=_with_rounding(partial(rounded, each=True), request),
        in_full=_with_rounding(in_full, request),
        adding_up=_with_rounding(adding_up, request),
        day=partial(day, locale=locale),
        moment=partial(moment, locale=locale),
        words=OPERATIONS,
        **values,
    )
    response = HTMLResponse(text, status, headers={"Vary": "Accept-Language, Cookie, HX-Request"})
    cookies.keep_visit(request, response)
    return response


def path_for(request: Request, name: str, query: Mapping[str, str] | None = None, **parts: Any) -> str:
    """The path of a route, under the proxy's prefix."""
    path = _paths_of(request.app)[name, frozenset(parts)]
    for part, value in parts.items():
        path = path.replace(f"{{{part}}}", quote(str(value), safe=""))
    path = root_path(request) + path
    return f"{path}?{urlencode(query)}" if query else path


@lru_cache(8)
def _paths_of(app: FastAPI) -> Mapping[tuple[str, frozenset[str]], str]:
    """Every path by its name and parts: the framework would search all routes for each link."""
    found: dict[tuple[str, frozenset[str]], str] = {}
    for route in iter_route_contexts(app.routes):
        path = str(route.path)
        found.setdefault((str(getattr(route, "name", "")), frozenset(_PART.findall(path))), path)
    return found


def root_path(request: Request) -> str:
    """The path prefix that a proxy serves us under."""
    return str(request.scope.get("app_root_path") or request.scope.get("root_path") or "").rstrip("/")


def go_to(request: Request, name: str, query: Mapping[str, str] | None = None, **parts: Any) -> Response:
    """Redirect the browser to another page after a form was sent."""
    return RedirectResponse(path_for(request, name, query, **parts), 303)


def static_path(request: Request, name: str) -> str:
    """The path of a static file with a hash of its content, so that browsers never use an old one."""
    return f"{root_path(request)}/static/{name}?v={_mark(name)}"


@lru_cache
def _mark(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def locale_of(request: Request) -> Locale:
    """The locale of this browser's user."""
    return _locale_for(request.headers.get("accept-language", "")[:200])


@lru_cache(256)
def _locale_for(accepted: str) -> Locale:
    asked = [part.partition(";")[0].strip() for part in accepted.split(",")]
    try:
        return Locale.parse(negotiate_locale(asked, LANGUAGES, sep="-") or "en_GB")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")


def number(value: str | int | Decimal | None, *, locale: Locale, unknown: str = "unknown") -> str:
    """An exact number in the local notation with all its decimals: money's ``12.50`` stays ``12.50``."""
    if value is None:
        return unknown
    return _written(str(value), locale)


@lru_cache(10_000)
def _written(value: str, locale: Locale) -> str:
    exact = Decimal(value)
    pattern = copy(locale.decimal_formats[None])
    decimals = -int(exact.as_tuple().exponent) if exact.is_finite() else 0
    pattern.frac_prec = (max(decimals, 0),) * 2
    return str(pattern.apply(exact, locale))


def amount(value: str | Decimal | None, unit: str, *, locale: Locale, unknown: str = "unknown") -> str:
    """A quantity with its unit for people: 25 kg rather than 25000 g, rounded to 1 g or 1 ml if large.

    Files, forms and the API keep all its decimals.
    """
    if value is None:
        return unknown
    quantity, said_in = friendly(value, unit)
    text = number(_rounded(Decimal(quantity), 3 if said_in in ("kg", "l") else 2), locale=locale)
    return text if said_in == "each" else f"{text} {said_in}"


def goods_text(value: str, unit: str, name: str, *, locale: Locale) -> str:
    """A quantity with its unit and what it is of: ``12 Holiday boxes``, ``2.5 kg Flour``."""
    called = name if unit != "each" else one_of(name) if value == "1" else plural(name)
    return f"{amount(value, unit, locale=locale)} {called}"


def _rounded(exact: Decimal, decimals: int) -> Decimal:
    """A number rounded to this many decimals, without trailing zeros; unrounded if it would become zero."""
    return Decimal(format((round(exact, decimals) or exact).normalize(), "f"))


def adding_up(
    parts: Iterable[str | None], total: str | None, *, locale: Locale, rounding: Rounding, each: bool = False
) -> list[str | None]:
    """Amounts of money as text, rounded so that they add up to their total as ``rounded`` shows it; None if unknown."""
    shown = rounding.parts(list(parts), total, each=each)
    return [None if part is None else number(part, locale=locale) for part in shown]


def rounded(
    value: str | Decimal | None, *, locale: Locale, rounding: Rounding, unknown: str = "unknown", each: bool = False
) -> str:
    """An amount of money for people, with the decimals of the currency or to three figures below one: 56.76, 0.072.

    ``each`` is for the price of one piece or gram. Files have it in full.
    """
    if value is None:
        return unknown
    exact = Decimal(value)
    return number(rounding.price(exact) if each else rounding.amount(exact), locale=locale)


def in_full(value: str | None, *, locale: Locale, rounding: Rounding, unknown: str = "unknown") -> str:
    """An amount that somebody stated, with all its decimals."""
    return unknown if value is None else number(written(value, rounding.decimals), locale=locale)


def _with_rounding(shown: Callable[..., Any], request: Request) -> Callable[..., Any]:
    """The same for a template; the bakery is asked for its currency only if the page shows an amount."""
    return lambda *given, **more: shown(*given, **more, locale=locale_of(request), rounding=rounding_of(request))


def rounding_of(request: Request) -> Rounding:
    """How amounts of money are shown to this request, by the currency that the bakery has now."""
    found: Rounding | None = getattr(request.state, "rounding", None)
    if found is None:
        with read_scope() as session:
            found = request.state.rounding = Rounding(load_bakery(session).decimals)
    return found


def day(value: date | str | None, *, locale: Locale, unknown: str = "no date") -> str:
    """A calendar day in the local notation."""
    if value is None:
        return unknown
    return dates.format_date(date.fromisoformat(value) if isinstance(value, str) else value, "medium", locale=locale)


def moment(value: datetime | str, time_zone: str, *, locale: Locale) -> str:
    """An instant in the bakery's time zone."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return dates.format_datetime(at, "short", tzinfo=ZoneInfo(time_zone), locale=locale)


def show_problem(request: Request, problem: Problem, headers: Mapping[str, str]) -> Response | None:
    """A refusal as a page, or the sign-in form; None if a program asked."""
    is_page = "text/html" in request.headers.get("accept", "")
    if request.url.path.startswith(root_path(request) + "/api/") or calendar_token_of(request) or not is_page:
        return None
    status = int(problem["status"])
    if problem["code"] == "sign_in_needed" and request.method == "GET" and "HX-Request" not in request.headers:
        own = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(path_for(request, "sign_in", {"next": own}), 303)
    response = render(request, "problem.html", status, problem=problem)
    for name, value in headers.items():
        response.headers[name] = value
    return response
