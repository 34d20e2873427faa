"""The label on file: each run is compared with it and then warned or refused; a label can be undone."""

from typing import Any

import pytest

from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.domain.errors import (
    ConflictError,
    DependentsError,
    LabelDiffersError,
    LabelIncompleteError,
    ValidationError,
)
from bake_tracker.entrypoints.cli.remedies import told
from bake_tracker.queries.catalog.label_facts import load_filed
from bake_tracker.queries.views.label import load_label
from bake_tracker.services import batch_production_service
from bake_tracker.services.catalog.labels import LabelFiledResult, record_label_filed
from bake_tracker.services.catalog.things import record_bakery
from bake_tracker.services.database import read_scope, run_in_transaction, session_scope
from bake_tracker.testing import OperationLog
from support.kitchen import Kitchen
from support.shelf import allergens, stated
from support.undoing import bake_and_pack, drift, hold, reverse, shelf

pytest_plugins = ["bake_tracker.testing"]

LIST = "Flour (wheat), Sugar"
MOST = 17


@pytest.fixture
def bakery(kitchen: Kitchen) -> Kitchen:
    """Flour with wheat and sugar without allergens; cookies, and boxes of six."""
    return stated(kitchen)


@pytest.fixture
def small(sqlite_url: str) -> Kitchen:
    """The same bakery on SQLite, for behaviour that is the same on every database."""
    return stated(Kitchen())


def file(kitchen: Kitchen, item: str, text: str = LIST, contains: tuple[str, ...] = ("wheat",)) -> LabelFiledResult:
    return run_in_transaction(lambda s: record_label_filed(kitchen.ids[item], text, contains, session=s))


def policy(which: str) -> None:
    run_in_transaction(lambda s: record_bakery(session=s, label_policy=which))


def on_file(kitchen: Kitchen, item: str) -> str | None:
    with read_scope() as session:
        found = load_filed(session, kitchen.ids[item])
    return found.ingredients if found else None


def test_a_run_that_matches_its_label_has_no_warning(bakery: Kitchen) -> None:
    """Its result has no warning; one that differs says how."""
    file(bakery, "Cookie")
    assert "label_differs" not in bakery.produce("Cookies", "Cookie", 1, 24)
    file(bakery, "Cookie", "Sugar, salt", ())
    assert bakery.produce("Cookies", "Cookie", 1, 24)["label_differs"] == {
        "item_slug": "cookie",
        "not_on_label": ["flour", "wheat"],
        "not_used": ["salt"],
        "order_differs": False,
        "allergens_not_on_label": ["wheat"],
        "allergens_not_used": [],
    }
    assert drift() == []


def test_the_log_has_the_warning_only_where_there_is_one(bakery: Kitchen, operation_log: OperationLog) -> None:
    """The warning is a field of the success line."""
    bakery.produce("Cookies", "Cookie", 1, 24)
    assert "label_differs" not in operation_log.one("record_batch_production", "success").fields
    file(bakery, "Cookie", "Sugar, Flour (wheat)")
    operation_log.clear()
    bakery.produce("Cookies", "Cookie", 1, 24)
    told = operation_log.one("record_batch_production", "success").fields["label_differs"]
    assert told["order_differs"] is True


def test_by_setting_it_is_refused_before_anything_is_written(bakery: Kitchen, operation_log: OperationLog) -> None:
    """The refusal says what differs and what to do; with a correct label the batch is baked."""
    file(bakery, "Cookie", "Sugar")
    policy("refuse")
    before = shelf(bakery)
    operation_log.clear()
    with pytest.raises(LabelDiffersError) as refused:
        bakery.produce("Cookies", "Cookie", 1, 24)
    assert shelf(bakery) == before
    assert refused.value.difference["not_on_label"] == ["flour", "wheat"]
    assert 'bake declare cookie "Flour (wheat), Sugar" --contains wheat' in told(refused.value)
    line = operation_log.one("record_batch_production", "label_differs")
    assert (line.fields["item"], line.fields["label_differs"]["not_on_label"]) == ("cookie", ["flour", "wheat"])
    file(bakery, "Cookie")
    assert bakery.produce("Cookies", "Cookie", 1, 24)["lot_code"]


def test_boxes_are_compared_with_their_label_by_their_contents(bakery: Kitchen) -> None:
    """Milk in a lot of cookies is milk in the box."""
    bakery.produce("Cookies", "Cookie", 1, 24)
    file(bakery, "Box", f"Cookie ({LIST})")
    assert "label_differs" not in bakery.assemble("Box", 1)
    allergens(bakery, "Sugar", "milk")
    assert bakery.assemble("Box", 1)["label_differs"]["allergens_not_on_label"] == ["milk"]
    policy("refuse")
    with pytest.raises(LabelDiffersError):
        bakery.assemble("Box", 1)
    with pytest.raises(LabelDiffersError):
        bake_and_pack(bakery)


def test_a_total_loss_has_no_label(small: Kitchen) -> None:
    """A total loss makes nothing that could be labelled."""
    file(small, "Cookie", "Sugar", ())
    policy("refuse")
    assert small.produce("Cookies", "Cookie", 1, 0)["lot_id"] is None


def test_without_labels_a_run_takes_no_extra_statements(bakery: Kitchen) -> None:
    """A label for another item costs one statement, and one for its own item four, at any depth."""

    def statements() -> int:
        with session_scope() as session:
            session.connection()
            before = statement_count()
            batch_production_service.record_batch_production(
                bakery.ids["Cookies"], bakery.ids["Cookie"], 1, 24, session=session
            )
            return statement_count() - before

    none = statements()
    file(bakery, "Box", "Cookie")
    other = statements()
    file(bakery, "Cookie", LIST)
    assert (other - none, statements() - none) == (1, 4)
    assert statements() <= MOST


def test_the_label_of_a_lot_is_put_on_file_and_taken_back(bakery: Kitchen) -> None:
    """Labels are undone latest first, and the earlier one is on file again."""
    made = bakery.produce("Cookies", "Cookie", 1, 24)
    first = run_in_transaction(lambda s: record_label_filed(session=s, lot_id=made["lot_id"]))
    assert (first["ingredients"], first["contains"], first["was"]) == (LIST, ["wheat"], None)
    second = file(bakery, "Cookie", "Sugar")
    assert second["was"]
    assert second["was"]["ingredients"] == LIST
    with pytest.raises(DependentsError, match="1 later operation"):
        reverse(first)
    reverse(second)
    assert on_file(bakery, "Cookie") == LIST
    reverse(first)
    assert on_file(bakery, "Cookie") is None


def test_an_incomplete_label_is_not_put_on_file(small: Kitchen) -> None:
    """The refusal lists everything that is not recorded."""
    small.ingredient("Eggs", "each")
    small.receive("Eggs", 30, "each", 6)
    small.recipe("Custard", {"Eggs": (4, "each"), "Sugar": (100, "g")}, {"Cup": 4})
    made = small.produce("Custard", "Cup", 1, 4)
    with pytest.raises(LabelIncompleteError) as refused:
        run_in_transaction(lambda s: record_label_filed(session=s, lot_id=made["lot_id"]))
    assert [(one["field"], one["problem"].split(" (")[0]) for one in refused.value.problems] == [
        ("eggs", "its allergens are not recorded"),
        ("eggs", "its place in the list is unknown: its weight is not recorded"),
    ]


@pytest.mark.parametrize(
    "asked", [{}, {"item_id": 1}, {"lot_id": 1, "item_id": 1, "ingredients": "x"}, {"lot_id": 1, "contains": ["milk"]}]
)
def test_a_label_is_of_a_lot_or_in_words(small: Kitchen, asked: dict[str, Any]) -> None:
    """A label is given by a lot or in words: exactly one of them, and in full."""
    with pytest.raises(ValidationError):
        run_in_transaction(lambda s: record_label_filed(session=s, **asked))


def test_a_reversed_run_is_in_no_label(bakery: Kitchen) -> None:
    """The lot of a reversed run has no label, and a later run's label covers its own lots only."""
    allergens(bakery, "Sugar", "milk")
    undone = bakery.produce("Cookies", "Cookie", 1, 24)
    reverse(undone)
    hold(bakery, "sugar")
    bakery.ingredient("Honey")
    allergens(bakery, "Honey")
    bakery.receive("Honey", 1, "kg", 9)
    bakery.recipe("Honey cookies", {"Flour": (500, "g"), "Honey": (100, "g")}, {"Cookie": 24})
    made = bakery.produce("Honey cookies", "Cookie", 1, 24)
    boxed = bakery.assemble("Box", 2)
    with read_scope() as session:
        with pytest.raises(ConflictError, match="was undone, so there is nothing to label"):
            load_label(session, undone["lot_id"])
        assert load_label(session, made["lot_id"]).label.contains == ("wheat",)
        assert load_label(session, boxed["lot_id"]).label.contains == ("wheat",)
