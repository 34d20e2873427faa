"""Find the recipe in a page's JSON-LD, reading each block by itself, so that a broken block spoils no other."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

_TYPE = "application/ld+json"
_COMMENT_LINE = re.compile(r"^\s*(//.*|<!--.*-->)")
_MOST_COMMENTED = 1_000_000
"""Comments are removed character by character, so a longer block is not tried again without them."""
_DEEPEST = 10
_MOST_TOLD = 4


@dataclass(frozen=True, slots=True)
class Block:
    """A block's recipes, and what to tell a person if there is none."""

    recipes: tuple[dict[str, Any], ...]
    found: str


def take_blocks(tree: Any) -> list[Block]:
    """Read the JSON-LD blocks of a parsed page, and mark them so that nothing else reads them again."""
    blocks = []
    for script in tree.iter("script"):
        if (script.get("type") or "").partition(";")[0].strip().lower() == _TYPE:
            blocks.append(_read(script.xpath("string()")))
            script.set("type", "text/plain")
    return blocks


def recipe_of(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The first recipe with ingredients, completed by others of the same id or name; empty if there is none."""
    recipes = sorted(found, key=lambda one: not (one.get("recipeIngredient") or one.get("ingredients")))
    merged: dict[str, Any] = {}
    for recipe in recipes:
        if not merged or any(merged.get(key) and merged[key] == recipe.get(key) for key in ("@id", "name")):
            merged = {**recipe, **merged}
    return merged


def told(blocks: Sequence[Block]) -> str:
    """What the blocks of a page without a recipe contain."""
    if len(blocks) == 1:
        return f"its JSON-LD {blocks[0].found}"
    several = [f"block {number} {block.found}" for number, block in enumerate(blocks[:_MOST_TOLD], 1)]
    more = [f"{len(blocks) - _MOST_TOLD} more have none either"] if len(blocks) > _MOST_TOLD else []
    return f"of its {len(blocks)} JSON-LD blocks, {', '.join([*several, *more])}"


def _read(text: str) -> Block:
    if not text.strip():
        return Block((), "is empty")
    try:
        data = _parsed(text)
    except json.JSONDecodeError as error:
        return Block((), f"is broken ({error.msg}, line {error.lineno}, column {error.colno})")
    except (ValueError, RecursionError) as error:
        return Block((), f"is broken ({type(error).__name__})")
    nodes = list(_nodes(data, ""))
    recipes = [(node, f"{context} {node['@type']}") for node, context in nodes if "Recipe" in _types(node)]
    ours = [node for node, vocabulary in recipes if "schema.org" in vocabulary]
    if recipes and not ours:
        return Block((), "describes a Recipe but does not name schema.org as its @context")
    kinds = list(dict.fromkeys(kind[:40] for node, _ in nodes for kind in _types(node)))
    shown = ", ".join(kinds[:_MOST_TOLD]) + (" and others" if len(kinds) > _MOST_TOLD else "")
    return Block(tuple(ours), f"describes {shown}, not a Recipe" if kinds else "describes nothing with a type")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except ValueError:
        if len(text) > _MOST_COMMENTED:
            raise
        import jstyleson  # comes with recipe-scrapers, which is an optional extra

        plain = cast(Any, jstyleson).dispose(_COMMENT_LINE.sub("", text))
        try:
            return json.loads(plain, strict=False)
        except ValueError:
            pass
        raise


def _nodes(value: Any, context: str, depth: int = 0) -> Iterator[tuple[dict[str, Any], str]]:
    """Every described thing, with the context that it inherits."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            yield from _nodes(one, context, depth + 1)
    elif isinstance(value, dict):
        context = str(value.get("@context") or context)
        yield value, context
        for key in ("@graph", "mainEntity"):
            yield from _nodes(value.get(key), context, depth + 1)


def _types(node: Mapping[str, Any]) -> list[str]:
    """The types without the address in front: ``https://schema.org/Recipe`` is a ``Recipe``."""
    given = node.get("@type")
    return [
        re.split("[/#:]", one)[-1] for one in (given if isinstance(given, list) else [given]) if isinstance(one, str)
    ]
