"""The same operation id is the same operation, however often and from wherever it comes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID, uuid1, uuid3, uuid4, uuid5

import pytest

from bake_tracker.clock import uuid7
from bake_tracker.domain.errors import ConflictError, InsufficientInventoryError
from bake_tracker.services import batch_production_service
from bake_tracker.services.catalog import goods, things
from bake_tracker.services.database import run_in_transaction, session_scope
from support.kitchen import Kitchen

IDS = {
    "nil": UUID(int=0),
    "v1": uuid1(),
    "v3": uuid3(UUID(int=0), "bake"),
    "v4": uuid4(),
    "v5": uuid5(UUID(int=0), "bake"),
    "v7": UUID(uuid7()),
    "max": UUID(int=2**128 - 1),
}
EVERYTHING = ("operation", "movement", "lot", "production_run", "assembly_run", "recipe_snapshot")


def everything(kitchen: Kitchen) -> list[Any]:
    """Return every row of history and stock, to show that nothing changed."""
    return [kitchen.rows(f"SELECT * FROM {table} ORDER BY 1") for table in EVERYTHING]


@pytest.mark.parametrize("version", IDS)
def test_a_replay_returns_the_first_result_and_changes_nothing(kitchen: Kitchen, version: str) -> None:
    """This holds for an id of any version, as a UUID or as text in any case."""
    kitchen.simple_bakery()
    operation_id = IDS[version]
    first = kitchen.produce("Cookies", "Cookie", 20, 480, operation_id=operation_id)
    before = everything(kitchen)
    for spelled in (operation_id, str(operation_id), str(operation_id).upper(), f"{{{operation_id}}}"):
        assert first == kitchen.produce("Cookies", "Cookie", 20, 480, operation_id=spelled)
    assert before == everything(kitchen)
    assert str(operation_id) == first["operation_id"]


def test_a_box_is_replayed_like_a_batch(kitchen: Kitchen) -> None:
    """This holds even when there is no stock left for another box."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    first = kitchen.assemble("Box", 4, operation_id=IDS["v4"])
    before = everything(kitchen)
    assert first == kitchen.assemble("Box", 4, operation_id=IDS["v4"])
    assert before == everything(kitchen)


def test_the_same_request_in_other_words_is_the_same(kitchen: Kitchen) -> None:
    """This holds for an instant in two zones or as local time, a factor in three types, and a unit in two spellings."""
    run_in_transaction(lambda s: things.record_bakery(session=s, time_zone="Europe/Berlin"))
    kitchen.simple_bakery()
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    words: list[dict[str, Any]] = [
        {"produced_at": noon, "scale_factor": 1},
        {"produced_at": noon.astimezone(timezone(timedelta(hours=5))), "scale_factor": 1.0},
        {"produced_at": datetime(2026, 11, 23, 13), "scale_factor": Decimal("1.000")},  # noqa: DTZ001  wall clock
    ]
    runs = [kitchen.produce("Cookies", "Cookie", 1, Decimal(24), operation_id=IDS["v4"], **said) for said in words]
    assert runs[0] == runs[1] == runs[2]
    lots = [kitchen.receive("Flour", 2, unit, 3, operation_id=IDS["v5"]) for unit in ("lb", "Pounds")]
    assert lots[0] == lots[1]


@pytest.mark.parametrize(
    "other",
    [
        {"batches": 2}, {"actual": 23}, {"scale_factor": 2}, {"notes": "x"}, {"loss_reason": "x"}, {"unit": "Crumb"},
        {"produced_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)  # fmt: skip
def test_an_id_used_for_something_else_is_a_conflict(kitchen: Kitchen, other: dict[str, Any]) -> None:
    """This holds for any other argument, and the second request does nothing."""
    kitchen.simple_bakery()
    asked = {"recipe": "Cookies", "unit": "Cookie", "batches": 1, "actual": 24, "operation_id": IDS["v4"]}
    kitchen.item("finished_unit", "Crumb", "each")
    kitchen.produce(**asked)
    before = everything(kitchen)
    with pytest.raises(ConflictError) as refused:
        kitchen.produce(**{**asked, **other})
    assert refused.value.fields == {"conflicting_operation": "record_batch_production"}
    assert before == everything(kitchen)


def test_an_id_used_by_another_function_is_a_conflict(kitchen: Kitchen) -> None:
    """A batch and a box cannot share an id."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24, operation_id=IDS["v4"])
    with pytest.raises(ConflictError, match="already used for record_batch_production"):
        kitchen.assemble("Box", 1, operation_id=IDS["v4"])


def test_an_id_whose_operation_was_refused_or_undone_is_free_again(kitchen: Kitchen) -> None:
    """Only an operation that succeeded has a row."""
    kitchen.simple_bakery()
    with pytest.raises(InsufficientInventoryError):
        kitchen.produce("Cookies", "Cookie", 21, 24, operation_id=IDS["v4"])
    with session_scope() as session:
        keys = [kitchen.ids["Cookies"], kitchen.ids["Cookie"], 3, 70]
        batch_production_service.record_batch_production(*keys, session=session, operation_id=IDS["v4"])
        session.rollback()
    assert kitchen.rows("SELECT 1 FROM operation WHERE id = :id", id=str(IDS["v4"])) == []
    assert kitchen.produce("Cookies", "Cookie", 1, 24, operation_id=IDS["v4"])["num_batches"] == 1


def test_the_same_id_from_many_threads_at_once_makes_one_operation(kitchen: Kitchen) -> None:
    """With stock for one, every copy that waited is a replay, not a shortage."""
    kitchen.simple_bakery()
    barrier = Barrier(6)

    def bake(_: int) -> dict[str, Any]:
        barrier.wait()
        return kitchen.produce("Cookies", "Cookie", 20, 480, operation_id=IDS["v4"])

    with ThreadPoolExecutor(6) as threads:
        results = list(threads.map(bake, range(6)))
    assert [results[0]] * 6 == results
    assert kitchen.rows("SELECT count(*) FROM production_run") == [(1,)]
    assert kitchen.stock("Cookie") == 480


def test_the_same_new_name_from_many_threads_is_taken_once(kitchen: Kitchen) -> None:
    """The others get a conflict, not a database error."""
    kitchen.ingredient("Flour")
    barrier = Barrier(4)

    def add(_: int) -> str:
        barrier.wait()
        try:
            return str(run_in_transaction(lambda s: things.record_supplier("The Mill", session=s))["slug"])
        except ConflictError as error:
            return error.code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(add, range(4))) == ["conflict", "conflict", "conflict", "the-mill"]


def test_recipes_and_goods_edited_at_once_keep_one_version_whole(kitchen: Kitchen) -> None:
    """When two cooks edit a recipe, the later edit wins, and their lines never mix."""
    kitchen.simple_bakery()
    barrier = Barrier(2)

    def set_box(size: int) -> None:
        parts: list[goods.ComponentInput] = [{"item_id": kitchen.ids["Cookie"], "quantity": size}]
        run_in_transaction(lambda s: goods.record_good_components(kitchen.ids["Box"], parts, session=s))

    def edit(size: int) -> None:
        barrier.wait()
        for _ in range(5):
            lines = {"Flour": (size, "g"), "Sugar": (size, "g")}
            kitchen.recipe("Cookies", lines, {"Cookie": size}, recipe_id=kitchen.ids["Cookies"])
            set_box(size)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(edit, (100, 200)))
    lines = kitchen.rows("SELECT quantity, count(*) FROM recipe_line GROUP BY quantity")
    assert len(lines) == 1
    assert lines[0][1] == 2
    assert kitchen.rows("SELECT count(*) FROM recipe_yield") == [(1,)]
    assert kitchen.rows("SELECT count(*) FROM good_component") == [(1,)]
