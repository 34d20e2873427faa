"""A public name means one thing: no function or class name occurs twice within a layer."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from support import ROOT

SOURCE = ROOT / "src" / "bake_tracker"
LAYERS = ("domain", "models", "queries", "services", "files", "database", "log")
EXCEPTIONS = {
    ("domain", "Step"),  # for a trace and for a conversion: both are schemas of API v1, whose names stay
}


def public_names(source: str) -> Iterable[str]:
    """Return the public functions and classes that a module defines."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def named_twice(modules: dict[str, str]) -> dict[str, list[str]]:
    """Map each public name that several modules define to those modules."""
    where: dict[str, list[str]] = defaultdict(list)
    for module, source in modules.items():
        for name in public_names(source):
            where[name].append(module)
    return {name: places for name, places in where.items() if len(places) > 1}


def modules_of(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(SOURCE)): file.read_text("utf-8") for file in sorted(folder.rglob("*.py"))}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_public_name_is_defined_once_in_a_layer(layer: str) -> None:
    """Every exception is listed above with its reason."""
    twice = named_twice(modules_of(SOURCE / layer))
    assert {name: places for name, places in twice.items() if (layer, name) not in EXCEPTIONS} == {}


def test_the_exceptions_are_few_and_still_needed() -> None:
    """There are at most three exceptions, and each name still exists."""
    assert len(EXCEPTIONS) <= 3
    assert all(name in named_twice(modules_of(SOURCE / layer)) for layer, name in EXCEPTIONS)


def test_a_name_that_is_taken_is_seen() -> None:
    """A function, a class and a coroutine planted in two modules are found; private names and methods may repeat."""
    planted = {
        "a.py": "def load_item(): ...\nclass Lot:\n    def load_item(self): ...\nasync def tell(): ...",
        "b.py": "def load_item(): ...\nclass Lot: ...\ndef tell(): ...",
        "c.py": "def _load_item(): ...\nclass Shelf:\n    def tell(self): ...",
    }
    assert named_twice(planted) == {name: ["a.py", "b.py"] for name in ("load_item", "Lot", "tell")}
