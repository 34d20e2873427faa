"""Commands for the names that suppliers and other programs use for our items."""

from typing import Annotated, Any

import typer

from bake_tracker.domain.name_matching import likenesses, name_key
from bake_tracker.entrypoints.cli.lookup import find
from bake_tracker.entrypoints.cli.state import answer, ask, say, show_table, write
from bake_tracker.queries.catalog.definitions import load_slugs
from bake_tracker.queries.catalog.names import load_name_rows, load_names
from bake_tracker.services.catalog.names import record_name
from bake_tracker.services.database import Session

Name = Annotated[str, typer.Argument(help="the name as the file has it")]


def list_names() -> None:
    """List the remembered names and the item each one means."""
    answer(ask(load_name_rows), _show_names)


def add_name(name: Name, item: Annotated[str, typer.Argument(help="slug or id")]) -> None:
    """Remember that this name in a file means this item."""
    result = write(lambda session: record_name(name, find(session, "item", item), session=session))
    answer(result, _show_named)


def forget_name(name: Name) -> None:
    """Forget a remembered name."""
    answer(write(lambda session: record_name(name, None, session=session)), _show_named)


def guess_name(name: Name) -> None:
    """Suggest items whose names are similar; nothing is remembered."""

    def guess(session: Session) -> dict[str, Any]:
        slugs = {slug.replace("-", " ").replace("_", " "): slug for slug in load_slugs(session, "item")}
        near = likenesses(name, slugs)
        return {
            "name": name,
            "remembered_as": load_names(session).get(name_key(name)),
            "like": [{"item_slug": one.slug, "percent": one.percent} for one in near],
        }

    answer(ask(guess), _show_guess)


def _show_names(rows: list[Any]) -> None:
    if not rows:
        say("No names are remembered yet.")
        return
    show_table(
        {"name": "left", "means": "left", "": "left"},
        ([row["name"], row["item_slug"], row["item_name"]] for row in rows),
    )


def _show_named(result: Any) -> None:
    former = result["former_item_slug"]
    if result["item_slug"] is None:
        say(f"Forgot {result['mapped_name']!r}{f', which meant {former}' if former else ''}")
    elif result["item_slug"] == former:
        say(f"{result['mapped_name']!r} still means {result['item_slug']}")
    else:
        say(f"{result['mapped_name']!r} means {result['item_slug']}{f', no longer {former}' if former else ''}")


def _show_guess(result: Any) -> None:
    if result["remembered_as"]:
        say(f"Remembered as {result['remembered_as']}.")
    for one in result["like"]:
        say(f"{one['percent']:>3} %  {one['item_slug']}")
    if not result["like"]:
        say("No item has a similar name.")
