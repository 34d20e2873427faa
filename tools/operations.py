"""Write the list of operations in docs/reference/operations.md from the registry.

python tools/operations.py [--update]
"""

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bake_tracker.services.kinds import functions, kinds
from bake_tracker.services.operation import Kind

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "operations.md"
BEGIN, END = "<!-- operations: written by tools/operations.py -->\n", "<!-- end -->"
OF_EVERY_CALL = {"session", "operation_id"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the list of operations in docs/reference/operations.md.")
    parser.add_argument(
        "--update", action="store_true", help="write the page; without it, only say whether it is stale"
    )
    options = parser.parse_args()
    before = PAGE.read_text("utf-8")
    if options.update:
        PAGE.write_text(updated(before), "utf-8")
    elif before != updated(before):
        sys.exit(f"{PAGE.name} is stale; run python tools/operations.py --update")


def updated(page: str) -> str:
    """Return the page with the registry's current list."""
    head, rest = page.split(BEGIN)
    return f"{head}{BEGIN}{listed()}{END}{rest.split(END)[1]}"


def listed() -> str:
    """Return a table of all operations, then the details of each."""
    names = sorted(kinds())
    rows = [f"| [`{name}`](#{name}) | {kinds()[name].words} | {summary(functions()[name])} |" for name in names]
    table = "\n".join(["| operation | on pages | what it does |", "|---|---|---|", *rows])
    return "\n".join(["", table, "", *(details(kinds()[name], functions()[name]) for name in names)])


def details(kind: Kind, function: Callable[..., Any]) -> str:
    """Return one operation's module, arguments, result, success line and refusals."""
    parameters = [one for one in inspect.signature(function).parameters.values() if one.name not in OF_EVERY_CALL]
    needed = [one.name for one in parameters if one.default is one.empty]
    optional = [one.name for one in parameters if one.default is not one.empty]
    result = inspect.signature(function).return_annotation
    facts = [
        ("Module", f"`{function.__module__}`"),
        ("Arguments", "; optional ".join(filter(None, [code(needed), code(optional)]))),
        ("Result", f"`{result.__name__}` with {code(result.__annotations__)}"),
        ("Success line", code(kind.success_fields)),
        ("Sometimes also", code(kind.sometimes)),
        ("Refusals", code(refusals(function))),
    ]
    lines = [f"- {label}: {text}" for label, text in facts if text]
    return "\n".join([f"### `{kind.name}`", "", *lines, ""])


def summary(function: Callable[..., Any]) -> str:
    """Return a docstring's first paragraph as one line of Markdown, without the words about the transaction."""
    paragraph = (inspect.getdoc(function) or "").split("\n\n")[0]
    return paragraph.replace("\n", " ").replace("``", "`").replace(", in the caller's transaction", "")


def refusals(function: Callable[..., Any]) -> list[str]:
    """Return the errors that a docstring lists under ``Raises``."""
    _, _, raises = (inspect.getdoc(function) or "").partition("Raises:\n")
    return [
        name
        for names in re.findall(r"^    (\w+Error(?:, \w+Error)*):", raises, re.MULTILINE)
        for name in names.split(", ")
    ]


def code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    main()
