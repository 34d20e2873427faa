"""A weight belongs to lots: those received since the last measure, or one of its own; what was recorded stays."""

from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import text

from bake_tracker.clock import now
from bake_tracker.domain.access import Role
from bake_tracker.domain.errors import LotNotFoundError, ValidationError
from bake_tracker.migrations.guards import guard_history
from bake_tracker.queries.catalog.measures import load_measures
from bake_tracker.queries.explain.need import explain_batch
from bake_tracker.queries.reports.recipe_cost import load_recipe_cost
from bake_tracker.queries.runs.can_make import load_can_make
from bake_tracker.services.catalog.measures import record_piece_weight
from bake_tracker.services.catalog.unit_change import record_unit_change
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.stock.cost_statement import record_cost_statement
from bake_tracker.services.stock.handling import record_transfer
from bake_tracker.testing import OperationLog
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.shelf import Shelf, drift
from support.tampering import named_after, without_guards
from support.web import Web, submit

pytest_plugins = ["bake_tracker.testing"]


@pytest.fixture
def hams(kitchen: Kitchen) -> Kitchen:
    """Twenty hams of 41.45 kg for 300 in H1, and twenty of 38 kg for 310 in H2; 500 g make ten rolls."""
    kitchen.ingredient("Ham", "each")
    kitchen.recipe("Rolls", {"Ham": (500, "g")}, {"Roll": 10})
    for code, cost, grams in (("H1", 300, 41_450), ("H2", 310, 38_000)):
        kitchen.ids[code] = kitchen.receive("Ham", 20, "each", cost, lot_code=code)["lot_id"]
        weigh(kitchen, 20, grams)
    return kitchen


def weigh(kitchen: Kitchen, pieces: int, grams: int, **more: Any) -> Any:
    key = kitchen.ids["Ham"]
    return run_in_transaction(lambda s: record_piece_weight(key, pieces, grams, "g", session=s, **more))


def weights(kitchen: Kitchen) -> tuple[str, dict[str, str]]:
    """What the item weighs, and each lot that differs."""
    (item,) = kitchen.rows("SELECT g_per_each FROM item WHERE id = :key", key=kitchen.ids["Ham"])
    lots = kitchen.rows("SELECT code, g_per_each FROM lot WHERE g_per_each IS NOT NULL ORDER BY id")
    return str(item[0]), {str(row[0]): str(row[1]) for row in lots}


def used(run: Any) -> list[tuple[str, str]]:
    return [(one["lot_code"], one["quantity"]) for one in run["consumptions"]]


def test_each_lot_is_weighed_by_its_own_pieces(hams: Kitchen) -> None:
    """500 g of H1 are 0.241254 hams for 3.62, and every preview says so."""
    assert weights(hams) == ("1900", {"H1": "4145/2"})
    with read_scope() as session:
        day = now().date()
        need = explain_batch(session, hams.ids["Rolls"], day)
        (cost,) = load_recipe_cost(session, hams.ids["Rolls"], Fraction(1), day)["items"]
        (possible,) = load_can_make(session, day)
    assert (need["items"][0]["draws"][0]["quantity"], need["cost"], cost["today"]) == ("0.241254", "3.61881", "3.61881")
    assert possible["count"] == need["enough_for"] == (41_450 + 38_000) // 500
    assert hams.can_produce("Rolls", 158)["can_produce"]
    assert not hams.can_produce("Rolls", 159)["can_produce"]
    run = hams.produce("Rolls", "Roll", 1, 10)
    assert (used(run), run["total_ingredient_cost"]) == ([("H1", "0.241254")], "3.61881")
    run = hams.produce("Rolls", "Roll", 100, 1_000)
    assert used(run) == [("H1", "19.758746"), ("H2", "4.763157")]
    assert drift() == []


def test_a_mistyped_weight_is_replaced_for_the_same_lots_and_runs_stay(
    hams: Kitchen, operation_log: OperationLog
) -> None:
    """The correction is for H2 and later lots, H1 keeps its own; both can be undone in any order."""
    run = hams.produce("Rolls", "Roll", 1, 10)
    wrong = weigh(hams, 1, 190)
    fixed = weigh(hams, 1, 1_950, correct=True)
    assert (fixed["was"], fixed["corrects"]) == ("190", wrong["operation_id"])
    assert operation_log.lines[-1].fields["corrects"] == wrong["operation_id"]
    assert weights(hams) == ("1950", {"H1": "4145/2", "H2": "1900"})
    hams.receive("Ham", 1, "each", 15, lot_code="H3")
    with read_scope() as session:
        states = [(row["value"], row["state"]) for row in load_measures(session)]
    assert states == [("1950", "in force"), ("190", "corrected"), ("1900", "earlier lots"), ("2072.5", "earlier lots")]
    assert (
        hams.rows(
            "SELECT quantity_micros FROM movement WHERE operation_id = :o AND quantity_micros < 0",
            o=run["operation_id"],
        )[0][0]
        == -241_254
    )
    shelf = Shelf(hams)
    shelf.reverse(wrong)
    assert weights(hams) == ("1950", {"H1": "4145/2", "H2": "1900"})
    shelf.reverse(fixed)
    assert weights(hams) == ("1900", {"H1": "4145/2"})
    assert drift() == []


def test_a_lot_has_a_weight_of_its_own(hams: Kitchen) -> None:
    """So have its parts; a line that names the lot is converted by it, and undoing gives the item's back."""
    own = weigh(hams, 1, 2_000, lot_id=hams.ids["H2"])
    assert (own["lot_code"], own["was"]) == ("H2", "1900")
    part = run_in_transaction(lambda s: record_transfer(hams.ids["H2"], "Cellar", session=s, quantity=5))
    assert weights(hams) == ("1900", {"H1": "4145/2", "H2": "2000", part["new_lot_code"]: "2000"})
    shelf = Shelf(hams)
    wasted = shelf.adjust("waste", {"lot_id": part["new_lot_id"], "quantity": 4, "unit": "kg"})
    assert wasted["lots"][0]["quantity"] == "-2"
    counted = shelf.look({"lot_id": hams.ids["H2"], "counted": 10, "unit": "kg"})
    assert counted["lots"][0]["counted"] == "5"
    named = [{"lot_id": hams.ids["H2"], "quantity": 500, "unit": "g"}]
    assert used(hams.produce("Rolls", "Roll", 1, 10, used=named)) == [("H2", "0.25")]
    again = weigh(hams, 1, 2_500, lot_id=part["new_lot_id"], correct=True)
    assert (again["lot_code"], again["corrects"]) == ("H2", own["operation_id"])
    assert weights(hams)[1]["H2"] == weights(hams)[1][part["new_lot_code"]] == "2500"
    shelf.reverse(own)
    shelf.reverse(again)
    assert weights(hams) == ("1900", {"H1": "4145/2"})
    assert drift() == []


def test_policy_takes_grams_of_lots_that_weigh_differently(hams: Kitchen) -> None:
    """This holds for waste of an item and for freight by weight."""
    wasted = Shelf(hams).adjust("waste", {"item_id": hams.ids["Ham"], "quantity": 1, "unit": "kg"})
    assert wasted["lots"][0]["quantity"] == "-0.482509"
    lines = [{"lot_id": hams.ids[code], "amount": 1} for code in ("H1", "H2")]
    run_in_transaction(lambda s: record_cost_statement(lines, session=s, kind="freight"))
    assert drift() == []


def test_what_cannot_be_weighed_like_this_is_refused(hams: Kitchen) -> None:
    """A lot of something else, no lot, and nothing to correct."""
    hams.ingredient("Egg", "each")
    egg = hams.receive("Egg", 1, "each")["lot_id"]
    with pytest.raises(ValidationError, match="is not of ham"):
        weigh(hams, 1, 60, lot_id=egg)
    with pytest.raises(LotNotFoundError):
        weigh(hams, 1, 60, lot_id=404)
    with pytest.raises(ValidationError, match="lot H1 has no measure of its own, so there is nothing to correct"):
        weigh(hams, 1, 60, lot_id=hams.ids["H1"], correct=True)
    with pytest.raises(ValidationError, match="what egg weighs was not recorded yet"):
        run_in_transaction(lambda s: record_piece_weight(hams.ids["Egg"], 1, 60, "g", session=s, correct=True))


def test_measures_of_an_earlier_version_hold_for_all_lots_of_then(hams: Kitchen) -> None:
    """They said nothing of lots; the next one holds for the lots received since."""
    with without_guards(keep=True) as session:
        session.execute(text("UPDATE item_measure SET since_lot_id = NULL, last_lot_id = NULL"))
        session.execute(text("UPDATE lot SET g_per_each = NULL"))
        guard_history(session.connection())
    assert drift() == []
    hams.receive("Ham", 1, "each", 15, lot_code="H3")
    weigh(hams, 1, 1_800)
    assert weights(hams) == ("1800", {"H1": "1900", "H2": "1900"})
    assert drift() == []


def test_verify_names_a_weight_that_no_measure_gives(hams: Kitchen) -> None:
    """It may be a lot of a weighed item, or of an item that nobody weighed."""
    assert named_after("UPDATE lot SET g_per_each = '5' WHERE code = 'H1'") == {"lot piece"}
    assert named_after("UPDATE lot SET g_per_ml = '5' WHERE code = 'H2'") == {"lot g_per_ml"}


def test_a_density_belongs_to_lots_too(kitchen: Kitchen) -> None:
    """A looser flour: its cups weigh less, and those of the older lot what they weighed."""
    kitchen.ingredient("Flour", "ml")
    kitchen.recipe("Buns", {"Flour": (120, "g")}, {"Bun": 1})
    for code, grams in (("OLD", 120), ("NEW", 100)):
        kitchen.receive("Flour", 200, "ml", 2, lot_code=code)
        kitchen.density("Flour", 100, "ml", grams, "g")
    assert used(kitchen.produce("Buns", "Bun", 3, 3)) == [("OLD", "200"), ("NEW", "120")]
    assert drift() == []


@pytest.mark.one_database
def test_a_lot_is_weighed_by_command(hams: Kitchen, bake: CommandLine) -> None:
    """The lot is in the answer and in the list."""
    done = bake("measure", "ham", "--pieces", "2", "--weighs", "4 kg", "--lot", "H2").out
    assert done.startswith("2 hams, lot H2, weigh 4 kg")
    assert (
        "mistyped: 2000 g each"
        in bake("measure", "ham", "--pieces", "1", "--weighs", "2.1 kg", "--lot", "H2", "--correct").out
    )
    rows = bake("measures", "ham", "--json").json
    assert [(row["lot_code"], row["value"], row["state"]) for row in rows][:2] == [
        ("H2", "2100", "in force"),
        ("H2", "2000", "corrected"),
    ]
    assert drift() == []


@pytest.mark.one_database
def test_a_lot_is_weighed_on_a_page(hams: Kitchen) -> None:
    """The lot and the item lead to the form; a refusal stands at its field."""
    baker = Web().let_in().browser(Role.BAKER)
    page = f"/stock/{hams.ids['Ham']}/weigh"
    assert page in baker.get(f"/stock/{hams.ids['Ham']}").text
    of_lot = f"{page}?lot={hams.ids['H2']}"
    assert of_lot in baker.get(f"/lots/{hams.ids['H2']}").text
    sent = {"lot": str(hams.ids["H2"]), "which": "lot", "amount": "2", "unit": "each", "weight_unit": "kg"}
    wrong = submit(baker, of_lot, page, **sent, weight="0")
    assert (wrong.status_code, "must be a number above 0" in wrong.text) == (422, True)
    early = submit(baker, of_lot, page, **sent, weight="4", correct="yes")
    assert (early.status_code, "so there is nothing to correct" in early.text) == (422, True)
    done = submit(baker, of_lot, page, **sent, weight="4")
    assert "Weighed a piece" in baker.get(done.headers["location"]).text
    assert weights(hams) == ("1900", {"H1": "4145/2", "H2": "2000"})
    submit(baker, page, page, **{**sent, "which": "since", "unit": "ml"}, weight="1")
    assert "0.5 g/ml, in use" not in baker.get(page).text
    assert "500 g/ml, in use" in baker.get(page).text
    assert baker.get(f"{page}?lot=404").status_code == 404


def test_a_lot_keeps_its_weight_in_another_unit(hams: Kitchen) -> None:
    """H1 becomes 41.45 kg and H2 38 kg; a piece of each is still what it was, and all of it can be undone."""
    done = run_in_transaction(lambda s: record_unit_change(hams.ids["Ham"], "g", session=s))
    assert [lot["new_quantity"] for lot in done["lots"]] == ["41450", "38000"]
    rows = hams.rows("SELECT code, g_per_each FROM lot WHERE item_id = :item ORDER BY id", item=done["new_item_id"])
    assert [tuple(row) for row in rows] == [("H1", "4145/2"), ("H2", None)]
    hams.ids["Ham"] = done["new_item_id"]
    hams.recipe("Plates", {"Ham": (1, "each")}, {"Plate": 1})
    assert used(hams.produce("Plates", "Plate", 21, 21)) == [("H1", "41450"), ("H2", "1900")]
    hams.receive("Ham", 1, "kg", 15, lot_code="H3")
    weigh(hams, 1, 1_800)
    rows = hams.rows("SELECT code, g_per_each FROM lot WHERE item_id = :item ORDER BY id", item=done["new_item_id"])
    assert [tuple(row) for row in rows] == [("H1", "4145/2"), ("H2", "1900"), ("H3", None)]
    assert drift() == []
