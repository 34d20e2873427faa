"""Only the ledger's room changes movements, lots, holds and places, as the source's syntax trees show."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bake_tracker.queries.catalog.things import SHAPES
from bake_tracker.queries.catalog.unit_changes import COPIED, REFERRING
from support import ROOT

SOURCES = ROOT / "src" / "bake_tracker"
ROOM = {"services/stock/ledger.py", "services/stock/movements.py", "services/stock/places.py"}
GUARDED = {"movement", "lot", "lot_hold", "transfer"}
NAMES = {*GUARDED, "movements", "Movement", "Lot", "LotHold", "Transfer"}
CLASSES = {name for name in NAMES if name[0].isupper()}
WRITES = {"insert", "update", "delete"}
BY_HAND = re.compile(rf"\b(insert\s+into|update|delete\s+from)\s+({'|'.join(GUARDED)})\b", re.IGNORECASE)

MAY_WRITE_ANY_TABLE = {
    "services/archive/stream.py": "restores whole tables into an empty bakery, movements among them",
    "services/catalog/changes.py": "puts back the tables of the catalogue, which SHAPES lists",
    "services/catalog/edits.py": "changes a row of the catalogue, and archives it",
    "services/catalog/things.py": "adds a row with a slug of its own",
    "services/catalog/allergens.py": "states the allergens of an item or of a product",
    "services/importing/tables.py": "adds rows of the catalogue; its lots come by receipts",
    "services/importing/facts.py": "adds allergens and labels",
    "services/catalog/unit_change.py": "changes the tables of REFERRING and COPIED, which are of the catalogue",
    "database/insert_once.py": "adds a row whose key is new, for its callers",
}
"""Modules that write a table given by a variable, and why; none of them writes a guarded table by name."""


def sources() -> Iterator[tuple[str, str]]:
    """Yield every module but the migrations, which change the tables of older versions before anybody uses them."""
    for path in sorted(SOURCES.rglob("*.py")):
        name = path.relative_to(SOURCES).as_posix()
        if name not in ROOM and not name.startswith("migrations/"):
            yield name, path.read_text("utf-8")


def writes_of(code: str) -> list[str]:
    """Return every statement that changes a guarded table, and every call that passes one to another function."""
    tree = ast.parse(code)
    guarded = names_of_guarded(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [
        *(ast.unparse(call) for call in calls if is_guarded(target_of(call), guarded)),
        *(ast.unparse(call) for call in calls if isinstance(call.func, ast.Name) and call.func.id in guarded & CLASSES),
        *(ast.unparse(call) for call in calls if hands_on(call, guarded)),
        *(text for text in texts if BY_HAND.search(text)),
    ]


def unknown_targets(code: str) -> list[str]:
    """Return every statement that writes a table given by a variable, an argument or an attribute."""
    tree = ast.parse(code)
    tables = {name.asname or name.name for name in imported(tree) if name.name[0].isupper()}
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        target = target_of(call)
        is_named = isinstance(target, ast.Name) and target.id in tables
        if target is not None and not is_named and not ast.unparse(target).startswith("tables."):
            found.append(ast.unparse(call))
    return found


def target_of(call: ast.Call) -> ast.expr | None:
    """Return the table of ``insert(table)``, ``dialect.insert(table)`` and ``table.insert()``."""
    called = call.func
    if isinstance(called, ast.Name):
        return call.args[0] if called.id in WRITES and call.args else None
    if not isinstance(called, ast.Attribute) or called.attr not in WRITES:
        return None
    if ast.unparse(called.value) in {"dialect", "sqlalchemy", "sa", "postgresql", "sqlite"}:
        return call.args[0] if call.args else None
    return called.value if not call.args else None


def is_guarded(table: ast.expr | None, guarded: set[str]) -> bool:
    """Whether this is a guarded table: ``tables.lot``, ``Lot``, ``Lot.__table__``, or a name assigned from one."""
    match table:
        case ast.Name(id=name):
            return name in guarded
        case ast.Attribute(value=ast.Name(id="tables" | "models" | "ledger"), attr=name):
            return name in NAMES
        case ast.Attribute(value=value, attr="__table__"):
            return is_guarded(value, guarded)
        case ast.Call(args=[_, value]):  # cast(Table, Lot.__table__)
            return is_guarded(value, guarded)
    return False


def hands_on(call: ast.Call, guarded: set[str]) -> bool:
    """Whether one of our own functions gets a guarded table, which it could write."""
    called = call.func
    is_ours = isinstance(called, ast.Name) and (called.id.startswith("_") or called.id == "insert_once")
    return is_ours and any(is_guarded(argument, guarded) for argument in call.args)


def names_of_guarded(tree: ast.Module) -> set[str]:
    """Return a module's names for guarded tables, from its imports and assignments."""
    guarded = {name.asname or name.name for name in imported(tree) if name.name in NAMES}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_guarded(node.value, guarded):
            guarded |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return guarded


def imported(tree: ast.Module) -> list[ast.alias]:
    return [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bake_tracker.models")
        for name in node.names
    ]


def test_no_other_module_changes_movements_lots_holds_or_places() -> None:
    """All other modules call a function of the ledger's room."""
    assert {name: found for name, code in sources() if (found := writes_of(code))} == {}


def test_every_writer_of_a_table_given_by_a_variable_is_known() -> None:
    """A new one is added above with its reason, and one that no longer writes is removed."""
    writing = {name for name, code in sources() if "sqlalchemy" in code and unknown_targets(code)}
    assert writing == MAY_WRITE_ANY_TABLE.keys()
    assert not {*SHAPES, *REFERRING, *COPIED} & GUARDED


@pytest.mark.parametrize(
    "planted",
    [
        "from bake_tracker.models import tables\nsession.execute(update(tables.lot).values(location='Cellar'))",
        "from bake_tracker.models.tables import lot_hold\n_add = insert(lot_hold)",
        "from bake_tracker.models import Transfer as T\nsession.execute(delete(T))",
        "from bake_tracker.models.ledger import movements\ndialect.insert(movements)",
        "from bake_tracker.models import Lot\n_lot = cast(Table, Lot.__table__)\n_lot.update().values(on_hold=True)",
        "from bake_tracker.models import Lot\nsession.add(Lot(code='flour-1'))",
        "from bake_tracker.models import tables\n_insert(operation, tables.transfer, rows)",
        "session.execute(text('UPDATE lot SET on_hold = false'))",
    ],
)
def test_a_planted_line_is_found(planted: str) -> None:
    """This holds for every way to write such a statement."""
    assert len(writes_of(planted)) == 1


@pytest.mark.parametrize(
    "harmless",
    [
        "from bake_tracker.models import tables\nsession.execute(select(tables.lot.c.id))",
        "from bake_tracker.models import tables\nsession.execute(update(tables.item).values(lot_count=1))",
        "rows.update(lot)",
    ],
)
def test_a_line_that_only_reads_is_not_found(harmless: str) -> None:
    """Reading a guarded table and writing another one are both allowed."""
    assert writes_of(harmless) == []


def test_the_room_is_where_the_rule_says() -> None:
    """Both modules exist, and together they write all four tables."""
    assert all(Path(SOURCES, name).exists() for name in ROOM)
    code = "\n".join(Path(SOURCES, name).read_text("utf-8") for name in ROOM)
    written = " ".join(writes_of(code))
    assert {name for name in ("tables.lot)", "tables.lot_hold", "tables.transfer", "movements") if name in written} == {
        "tables.lot)", "tables.lot_hold", "tables.transfer", "movements",
    }  # fmt: skip
