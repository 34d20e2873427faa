"""Read the schema.org recipe of a saved web page with recipe-scrapers; never uses the network."""

import html
import re
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.recipe_text.request import MAX_LINE, MAX_LINES
from bake_tracker.files import json_ld

MAX_BYTES = 10_000_000
INSTALL = "reading recipe pages requires recipe-scrapers, which is not installed: pip install 'bake-tracker[pages]'"

_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


@dataclass(frozen=True, slots=True)
class RecipePage:
    """A recipe page: its name, ingredient lines, and texts about the yield."""

    name: str
    lines: list[str]
    yields: list[str]
    source: str | None
    category: str | None


def load_recipe_page(file: Path) -> RecipePage:
    """Read a saved recipe page.

    Raises:
        ValidationError: the file cannot be read, is too large or has no readable recipe, or recipe-scrapers is not
            installed.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise _refused(file, f"is larger than {MAX_BYTES // 1_000_000} MB; save the page as HTML only")
        data = file.read_bytes()
    except OSError as error:
        raise _refused(file, f"cannot be read: {error.strerror or error}") from None
    schema = _schema(file, _decoded(data))
    name = next(_texts(schema.get("name")), "")
    lines = list(_texts(schema.get("recipeIngredient") or schema.get("ingredients")))
    if not lines:
        raise _refused(file, "has a recipe without a list of ingredients")
    if len(lines) > MAX_LINES:
        raise _refused(file, f"has {len(lines)} ingredient lines; at most {MAX_LINES} can be read")
    if longest := max((line for line in lines if len(line) > MAX_LINE), default=None):
        raise _refused(file, f"has an ingredient line of {len(longest)} characters: {longest[:60]}...")
    source = next((url for key in ("url", "@id") for url in _texts(schema.get(key)) if url.startswith("http")), None)
    category = ", ".join(_texts(schema.get("recipeCategory")))
    return RecipePage(
        name[:200].strip(),
        lines,
        list(_texts(schema.get("recipeYield") or schema.get("yield"))),
        (source or file.name)[:300],
        category if 0 < len(category) <= 120 else None,
    )


def _schema(file: Path, text: str) -> dict[str, Any]:
    try:
        # Only its schema.org reader: a whole scraper also parses the page in Python, and a hostile page can keep that
        # busy for minutes.
        from extruct.utils import parse_html
        from recipe_scrapers import _schemaorg
    except ImportError:
        raise ValidationError.of("file", INSTALL) from None
    problem = ""
    found: list[dict[str, Any]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parsers warn about untidy pages
        try:
            tree = cast(Any, parse_html)(text, encoding="UTF-8")
        except Exception:  # nothing in it is an element
            raise _refused(file, "has no schema.org recipe") from None
        blocks = json_ld.take_blocks(tree)
        found += [recipe for block in blocks for recipe in block.recipes]
        try:
            microdata = cast(Any, _schemaorg).SchemaOrg(tree).data
        except Exception as error:  # a hostile page makes the parsers raise anything
            problem = f"; its microdata cannot be read ({type(error).__name__})"
        else:
            found += [microdata] if isinstance(microdata, dict) and microdata else []
    if not found:
        raise _refused(file, f"has no schema.org recipe{'; ' + json_ld.told(blocks) if blocks else ''}{problem}")
    return json_ld.recipe_of(found)


def _refused(file: Path, why: str) -> ValidationError:
    return ValidationError.of("file", f"{file} {why}")


def _decoded(data: bytes) -> str:
    """Decode as UTF-8 if possible, else by byte-order mark or declared charset, else as Windows-1252."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace").replace("\0", "")
    declared = re.search(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{1,40})", data[:4096], re.IGNORECASE)
    for encoding in ("utf-8-sig", declared[1].decode() if declared else "windows-1252"):
        try:
            return data.decode(encoding).replace("\0", "")
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("windows-1252", "replace").replace("\0", "")


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Every text in a JSON value, cleaned; other values are skipped."""
    if isinstance(value, str):
        for line in value.splitlines():
            if text := _clean(line):
                yield text
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, list) and depth < 10:
        for one in value:
            yield from _texts(one, depth + 1)
    elif isinstance(value, dict):
        yield from _texts(next((value[key] for key in ("@value", "name", "text") if key in value), None), depth + 1)


def _clean(text: str) -> str:
    """A text without HTML entities, tags and invisible characters."""
    for _ in range(3):  # even "&amp;frac12;" occurs
        text = html.unescape(text)
    text = _TAG.sub(" ", text)
    seen = "".join(" " if unicodedata.category(one) in ("Cc", "Zs", "Zl", "Zp") else one for one in text)
    return " ".join("".join(one for one in seen if unicodedata.category(one) not in ("Cf", "Cs", "Co", "Cn")).split())
