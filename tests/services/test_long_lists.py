"""A list has a limit, and arguments are read before a transaction begins: no call keeps others waiting for long."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_origin, get_type_hints

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from bake_tracker.domain.arguments import MAX_ENTRIES
from bake_tracker.domain.errors import LotNotFoundError, ValidationError
from bake_tracker.domain.recipe_text.request import MAX_LINES
from bake_tracker.domain.stock.returns import MAX_RETURNED
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.services.catalog import things
from bake_tracker.services.database import engine_for, read_scope, run_in_transaction, session_scope
from bake_tracker.services.kinds import functions
from bake_tracker.services.stock.stocktake import check_stocktake, record_stocktake
from support.kitchen import Kitchen
from support.log.lines import last
from support.warm.waiting import PATIENCE_S

pytestmark = pytest.mark.one_database


def id_of_bakery() -> str:
    with read_scope() as session:
        return load_bakery(session).database_id


class UnreadError(Exception):
    """An entry was read although there are too many."""


class Unread:
    """An entry of a list that is too long; nobody may look at it."""

    def __getattribute__(self, name: str) -> Any:
        raise UnreadError(name)


def lists() -> Iterator[tuple[str, str]]:
    """Every operation and check that takes a list, and the name of the list."""
    for name, function in functions().items():
        for argument, kind in get_type_hints(function).items():
            if get_origin(kind) is Sequence:
                yield name, argument


@pytest.mark.parametrize(("name", "argument"), list(lists()))
def test_a_list_that_is_too_long_is_refused_before_it_is_read(database_url: str, name: str, argument: str) -> None:
    """The refusal says how many are allowed; nothing was sent to the database before it."""
    function = functions()[name]
    asked = {one.name: None for one in inspect.signature(function).parameters.values() if one.default is one.empty}
    shorter = {"record_recipe_page": MAX_LINES, "check_recipe_page": MAX_LINES, "record_return": MAX_RETURNED}
    most = shorter.get(name, MAX_ENTRIES)
    with read_scope() if name.startswith("check_") else session_scope() as session:
        with pytest.raises(ValidationError) as refused:
            function(**{**asked, argument: [Unread()] * (most + 1), "session": session})
        assert name.startswith("check_") or not session.in_transaction()
    (problem,) = (one["problem"] for one in refused.value.problems if one["field"] == argument)
    assert f"must have at most {most} " in problem
    assert f"not {most + 1}" in problem


def test_every_list_is_tried() -> None:
    """There are as many as the services declare."""
    assert len(list(lists())) >= 15


def test_as_many_entries_as_allowed_are_looked_up(kitchen: Kitchen) -> None:
    """The limit itself is allowed, and a lot that is listed twice is found among them."""
    lines = [{"lot_id": number, "counted": 1} for number in range(1, MAX_ENTRIES + 1)]
    with read_scope() as session, pytest.raises(LotNotFoundError):
        check_stocktake(lines, session=session)
    with read_scope() as session, pytest.raises(ValidationError, match=r"^lines: lot 7 is listed twice") as refused:
        check_stocktake([*lines[:-1], lines[6]], session=session)
    assert len(refused.value.problems) == 1


def no_lines(session: Session) -> Any:
    return record_stocktake([], session=session)


def not_a_number(session: Session) -> Any:
    return record_stocktake([{"lot_id": "x"}], session=session)


@pytest.mark.parametrize("call", [no_lines, not_a_number])
def test_a_refusal_of_arguments_waits_for_no_writer(
    sqlite_url: str, call: Callable[[Session], Any], log: pytest.LogCaptureFixture
) -> None:
    """Another transaction has the one write lock until the refusal is here; its line names the bakery all the same."""
    with session_scope() as session, ThreadPoolExecutor(1) as pool:
        things.record_event("Fair", session=session)
        with pytest.raises(ValidationError):
            pool.submit(run_in_transaction, call).result(PATIENCE_S)
        told = last(log)
    assert (told["outcome"], told["database_id"]) == ("validation_failed", id_of_bakery())
    assert "transaction_id" not in told


def test_arguments_are_read_before_the_transaction_begins(sqlite_url: str) -> None:
    """An entry that is read late would be read under the write lock."""
    begun: list[str] = []
    engine = engine_for()

    class Line(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            assert begun == []
            return super().get(key, default)

    def begin(_: Any, __: Any, statement: str, *___: Any) -> None:
        begun.append(statement)

    event.listen(engine, "before_cursor_execute", begin)
    with pytest.raises(LotNotFoundError):
        run_in_transaction(lambda session: record_stocktake([Line(lot_id=1, counted=1)], session=session))
    assert begun
