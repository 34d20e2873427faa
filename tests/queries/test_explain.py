"""Why a box, a lot, a stock or a run is as it is, and what a refusal lacked."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from bake_tracker.entrypoints.cli import progress
from bake_tracker.log import scan
from bake_tracker.queries.explain.need import explain_box
from bake_tracker.queries.explain.operation import explain_operation
from bake_tracker.queries.explain.origins import explain_lots
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.reversal import record_reversal
from bake_tracker.services.stock.adjustment import record_adjustment
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.log.makers import an_id, append
from support.tampering import without_guards
from support.warm.snapshot import once

pytestmark = pytest.mark.one_database


def run_all(bake: CommandLine, *lines: str) -> None:
    for line in lines:
        done = bake(*line.split())
        assert done.code == 0, done.err


@pytest.fixture
def bakery(bake: CommandLine) -> CommandLine:
    """Two lots of flour in one batch, boxed."""
    once("two lots of flour, boxed", lambda: _bake_and_box(bake), bake.log_file)
    return bake


def _bake_and_box(bake: CommandLine) -> dict[str, int]:
    run_all(
        bake,
        "item add ingredient Flour --unit g",
        "item add finished_unit Cookie",
        "item add material Carton --policy fifo",
        "receive flour 100 g --cost 1 --lot OLD --expires 2990-01-01",
        "receive flour 100 g --cost 3 --lot NEW --expires 2999-01-01",
        "receive flour 40 g --cost 1 --lot LAST --expires 2999-02-01",
        "receive carton 2 each --cost 1 --lot C",
    )
    assert bake("recipe", "add", "Cookies", "--line", "150 g flour", "--makes", "10 cookie").code == 0
    assert bake("good", "add", "Box", "--part", "5 cookie", "--part", "1 carton").code == 0
    run_all(bake, "produce cookies 1 --yield 10", "assemble box 1")
    return {}


def hold(code: str) -> None:
    """Put a lot on hold directly in the database."""
    run_in_transaction(lambda s: s.execute(text("UPDATE lot SET on_hold = true WHERE code = :code"), {"code": code}))


# Down to the receipts -------------------------------------------------------------------------------------------------


def test_a_box_is_explained_down_to_the_receipts(bakery: CommandLine) -> None:
    """Cookies and carton, and flour by lot in order of expiry, each with its cost and the reason it was taken."""
    (box,) = bakery("explain", "box", "--json").json["item"]["lots"]
    cookies, carton = sorted(box["used"], key=lambda draw: draw["lot"]["item_slug"] == "carton")
    flours = cookies["lot"]["used"]
    assert (box["cost"], cookies["cost"], carton["cost"]) == ("1.75", "1.25", "0.50")
    assert [(draw["lot"]["lot_code"], draw["quantity"], draw["cost"]) for draw in flours] == [
        ("OLD", "100", "1.00"),
        ("NEW", "50", "1.50"),
    ]
    assert flours[0]["why"] == "first lot of this item to expire: 2990-01-01 (FEFO)"
    assert carton["why"].startswith("oldest lot of this item")
    assert all(draw["lot"]["operation"] == "record_receipt" for draw in flours)
    shown = bakery("explain", "box").out
    assert "100 g for 1.00 (0.10 for each) from OLD: 100 g received" in shown


def test_the_cost_of_one_is_the_sum_of_the_shares_of_the_receipts(bakery: CommandLine) -> None:
    """The box of half the cookies has half of what the batch took."""
    (box,) = bakery("explain", "box", "--json").json["item"]["lots"]
    shares = {share["lot_code"]: (share["quantity"], share["cost"]) for share in box["receipts"]}
    assert shares == {"C": ("1", "0.50"), "OLD": ("50", "0.50"), "NEW": ("25", "0.75")}
    assert sum(Decimal(cost) for _, cost in shares.values()) == Decimal(box["unit_cost"])
    assert sum(Decimal(draw["unit_share"]) for draw in box["used"]) == Decimal(box["unit_cost"])


def test_a_loss_is_not_in_the_product_and_is_shown_beside_it(kitchen: Kitchen) -> None:
    """Of 24 planned cookies 18 came out: a quarter of the flour and of its cost went with the loss."""
    kitchen.simple_bakery()
    run = kitchen.produce("Cookies", "Cookie", 1, 18)
    with read_scope() as session:
        (lot,) = explain_lots(session, [run["lot_id"]])
    assert (lot["cost"], lot["loss_cost"], lot["unit_cost"]) == ("1.125", "0.375", "0.0625")
    assert [(share["item_slug"], share["quantity"], share["cost"]) for share in lot["receipts"]] == [
        ("flour", "375", "0.75"),
        ("sugar", "187.5", "0.375"),
    ]
    assert [draw["unit_share"] for draw in lot["used"]] == ["0.041667", "0.020833"]


def test_an_unknown_cost_names_the_lot_that_lacks_its_price(bakery: CommandLine) -> None:
    """The cost stays unknown all the way up, and the receipt without a price is named."""
    run_all(bakery, "receive flour 100 g --lot GIFT --expires 2900-01-01", "produce cookies 1 --yield 10")
    run = bakery("runs", "--json").json[0]
    (lot,) = bakery("explain", run["lot_code"], "--json").json["lots"]
    assert (lot["cost"], lot["unit_cost"], lot["lacks_price"]) == (None, None, ["GIFT"])
    assert "cost unknown: no price for GIFT" in bakery("explain", run["lot_code"]).out


# Why this lot ---------------------------------------------------------------------------------------------------------


def test_lots_that_were_passed_over_are_named_with_the_reason(bakery: CommandLine) -> None:
    """A lot is expired, on hold, or later in the order, by its state when the batch was baked, not by its state now."""
    run_all(
        bakery,
        "receive flour 500 g --cost 1 --lot STALE --received 2020-01-01 --expires 2020-02-01",
        "receive flour 70 g --cost 1 --lot HELD --expires 2500-01-01",
        "receive flour 150 g --cost 1 --lot FIRST --expires 2600-01-01",
    )
    hold("HELD")
    run_all(bakery, "produce cookies 1 --yield 10", "receive flour 5 g --cost 1 --lot AFTERWARDS")
    run = bakery("runs", "--json").json[0]
    (lot,) = bakery("explain", run["lot_code"], "--json").json["lots"]
    (draw,) = lot["used"]
    assert draw["lot"]["lot_code"] == "FIRST"
    assert [(one["lot_code"], one["quantity"], one["why"]) for one in draw["passed_over"]] == [
        ("STALE", "500", "expired 2020-02-01"),
        ("HELD", "70", "on hold"),
        ("NEW", "50", "later in the order: expires 2999-01-01"),
        ("LAST", "40", "later in the order: expires 2999-02-01"),
    ]
    assert "not used: HELD: 70 g, on hold" in bakery("explain", run["operation_id"]).out


def test_a_lot_shows_its_place_in_the_order_and_where_it_went(bakery: CommandLine) -> None:
    """It shows what is left, what comes before it in the order, and every draw with its product."""
    (new,) = bakery("explain", "NEW", "--json").json["lots"]
    (last,) = bakery("explain", "LAST", "--json").json["lots"]
    made = bakery("runs", "--json").json[1]["lot_code"]
    assert [(one["quantity"], one["cost"], one["into"]) for one in new["went"]] == [("50", "1.50", made)]
    assert (new["shelf"]["on_hand"], new["shelf"]["value"], new["shelf"]["place"]) == ("50", "1.50", 1)
    assert last["ahead"] == {"lot_count": 1, "quantity": "50", "lot_codes": ["NEW"]}
    assert "number 2 in the order of use" in bakery("explain", "LAST").out
    assert "now: used up" in bakery("explain", "OLD").out
    hold("LAST")
    assert "not used: on hold" in bakery("explain", "LAST").out


def test_a_stock_is_shown_lot_by_lot_with_its_unusable_lots(bakery: CommandLine) -> None:
    """Usable, expired and held add up to the quantity on hand; only usable lots have a place in the order."""
    run_all(bakery, "receive flour 500 g --cost 1 --lot STALE --received 2020-01-01 --expires 2020-02-01")
    hold("NEW")
    item = bakery("explain", "flour", "--json").json["item"]
    assert [item[name] for name in ("on_hand", "usable", "expired", "on_hold")] == ["590", "40", "500", "50"]
    assert [(lot["lot_code"], lot["shelf"]["state"], lot["shelf"]["place"]) for lot in item["lots"]] == [
        ("STALE", "expired", None),
        ("NEW", "on hold", None),
        ("LAST", "open", 1),
    ]
    assert "590 g on hand, 40 g usable, 500 g expired, 50 g on hold" in bakery("explain", "flour").out


# Operations and runs --------------------------------------------------------------------------------------------------


def test_an_operation_is_explained_with_what_was_asked_and_what_the_log_says(bakery: CommandLine) -> None:
    """The arguments show the names behind their ids; the log adds who, which transaction and its attempts."""
    run = bakery("runs", "--json").json[1]
    story = bakery("explain", run["operation_id"], "--json").json
    view, (line,) = story["operation"], story["log"]
    assert view["names"] == {"finished_unit_id": "cookie", "recipe_id": "cookies"}
    assert (view["arguments"]["num_batches"], view["arguments"]["actual_yield"]) == (1, "10")
    assert (view["actor"], view["attempt"], view["parents"], view["beside"]) == ("baker", 1, [], 0)
    assert (line["outcome"], line["operation_id"]) == ("success", run["operation_id"])
    assert [lot["lot_code"] for lot in view["brought"]] == [run["lot_code"]]
    assert "recipe_id=1 (cookies)" in bakery("explain", run["operation_id"]).out


def test_an_operation_is_found_by_reading_the_log_twice_with_a_progress_bar(
    bakery: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reading finds the transaction and one its lines; each shows its progress."""
    files: list[Path] = []
    told: list[int] = []
    open_in_turn = scan.open_in_turn
    monkeypatch.setattr(scan, "open_in_turn", lambda path, **how: files.append(path) or open_in_turn(path, **how))
    monkeypatch.setattr(progress.Reading, "__call__", lambda _self, done_bytes: told.append(done_bytes))
    run = bakery("runs", "--json").json[1]
    for words, readings in (([run["operation_id"]], 2), (["production", "1"], 2), ([run["operation_id"][:13]], 2)):
        files.clear()
        told.clear()
        assert bakery("explain", *words, "--json").json["operation"]["operation_id"] == run["operation_id"]
        assert (len(files), told[-1]) == (readings, bakery.log_file.stat().st_size)


def test_a_run_is_known_by_its_number(bakery: CommandLine) -> None:
    """``production:1`` and ``production 1`` are the same; ``run 1`` may be of either kind, so both are listed."""
    baked, packed = (bakery("runs", "--json").json[at]["operation_id"] for at in (1, 0))
    assert bakery("explain", "production:1", "--json").json["operation"]["operation_id"] == baked
    assert bakery("explain", "assembly", "1", "--json").json["operation"]["operation_id"] == packed
    both = bakery("explain", "run", "1", "--json")
    assert (both.code, [one["operation_id"] for one in both.json["candidates"]]) == (1, [baked, packed])
    assert baked in bakery("explain", "run", "1").out


def test_the_beginning_of_an_id_that_several_have_lists_them(bakery: CommandLine) -> None:
    """Each is listed with what it was and when, and the command exits with 1."""
    ids = [run["operation_id"] for run in bakery("runs", "--json").json]
    done = bakery("explain", ids[0][:6], "--json")
    assert done.code == 1
    assert set(ids) <= {one["operation_id"] for one in done.json["candidates"]}
    assert "Several operations match; use the full id of one:" in bakery("explain", ids[0][:6]).out


def test_an_operation_made_of_others_explains_what_it_packed_once(bakery: CommandLine) -> None:
    """The boxes come above the cookies that were baked for them, which are not explained a second time."""
    run_all(bakery, "receive flour 900 g --cost 9 --lot MORE", "receive carton 5 each --cost 1 --lot C2")
    run_all(bakery, "produce cookies 1 --yield 10 --pack box --boxes 2")
    whole = bakery("log", "find", "operation=record_bake_and_pack", "--json").json["operation_id"]
    view = bakery("explain", whole, "--json").json["operation"]
    assert [child["operation"] for child in view["children"]] == ["record_batch_production", "record_assembly"]
    assert [(lot["item_slug"], lot["shown_above"]) for lot in view["brought"]] == [("box", False), ("cookie", True)]
    child = bakery("explain", view["children"][0]["operation_id"], "--json").json["operation"]
    assert [(one["operation"], one["operation_id"]) for one in child["parents"]] == [("record_bake_and_pack", whole)]
    assert f"part of record_bake_and_pack {whole}" in bakery("explain", child["operation_id"]).out
    request = bakery("log", "find", f"operation_id={whole}", "--json").json["request_id"]
    assert bakery("explain", request, "--json").json["operation"]["operation_id"] == whole


# What a batch or a box would take -------------------------------------------------------------------------------------


def test_a_recipe_says_what_a_batch_would_take_today(bakery: CommandLine) -> None:
    """It names the lots and their cost; when a batch is not possible, it says what stops it."""
    short = bakery("explain", "cookies", "--json").json["recipe"]
    (flour,) = short["items"]
    assert (short["possible"], short["cost"], short["enough_for"]) == (False, None, 0)
    assert (flour["needed"], flour["usable"], flour["missing"]) == ("150", "90", "60")
    run_all(bakery, "receive flour 100 g --cost 5 --lot MORE --expires 2999-03-01")
    possible = bakery("explain", "cookies", "--json").json["recipe"]
    assert (possible["possible"], possible["cost"], possible["unit_cost"]) == (True, "5.50", "0.55")
    assert [(draw["lot_code"], draw["quantity"]) for draw in possible["items"][0]["draws"]] == [
        ("NEW", "50"),
        ("LAST", "40"),
        ("MORE", "60"),
    ]
    assert "making 10 cookies: cost 5.50, 0.55 each; the stock allows 1" in bakery("explain", "cookies").out


def test_a_recipe_that_cannot_be_calculated_says_what_to_record(bakery: CommandLine) -> None:
    """A missing density stops it, and the explanation names the command that records one."""
    assert bakery("recipe", "add", "Cake", "--line", "1 cup flour", "--makes", "1 cookie").code == 0
    need = bakery("explain", "cake", "--json").json["recipe"]
    assert need["possible"] is False
    assert 'bake measure flour --volume "1 cup" --weighs "GRAMS g"' in need["problem"]


def test_a_good_says_what_a_box_would_cost_today(kitchen: Kitchen) -> None:
    """It uses the rule of packing: the plan shows what packing then draws."""
    kitchen.simple_bakery()
    kitchen.produce("Cookies", "Cookie", 1, 24)
    with read_scope() as session:
        need = explain_box(session, kitchen.ids["Box"], date(2026, 2, 1))
    box = kitchen.assemble("Box", 1)
    planned = [(draw["lot_code"], draw["quantity"], draw["cost"]) for item in need["items"] for draw in item["draws"]]
    assert sorted(planned) == sorted((one["lot_code"], one["quantity"], one["cost"]) for one in box["consumptions"])
    assert (need["cost"], need["enough_for"]) == (box["total_component_cost"], 4)


# Refusals -------------------------------------------------------------------------------------------------------------


def test_the_latest_refusal_is_explained_without_an_id(bakery: CommandLine) -> None:
    """It shows what was missing, what would have been enough, and that only one of the two is enough now."""
    assert bakery("assemble", "box", "4").code == 1
    refused = bakery("explain", "last", "--json").json["refused"]
    assert (refused["operation"], refused["names"]) == ("record_assembly", {"finished_good_id": "box"})
    assert {
        short["item_slug"]: (short["needed"], short["available"], short["missing"]) for short in refused["short"]
    } == {
        "cookie": ("20", "5", "15"),
        "carton": ("4", "1", "3"),
    }
    run_all(bakery, "receive carton 3 each --cost 1 --lot C2")
    hold(bakery("runs", "--json").json[1]["lot_code"])
    shown = bakery("explain", refused["operation_id"]).out
    assert "carton: 4 needed, 1 available; 3 more would have been enough" in shown
    assert "now there is enough: 4" in shown
    assert "still 20 short: 0 usable now" in shown
    assert ": 5, on hold" in shown


def test_a_stock_lists_the_refusals_that_named_it(bakery: CommandLine) -> None:
    """The latest comes first, each with what is missing now."""
    assert [bakery("assemble", "box", number).code for number in ("3", "4")] == [1, 1]
    refusals = bakery("explain", "carton", "--json").json["refusals"]
    assert [[one["missing"] for one in refused["short"] if one["item_slug"] == "carton"] for refused in refusals] == [
        ["3"],
        ["2"],
    ]
    assert bakery("explain", "flour", "--json").json["refusals"] == []


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("produce cookies 0 --yield 1", "what to do: correct num_batches and try again"),
        ("produce biscuits 1 --yield 1", "what to do: use one that exists; to see them: bake recipe list"),
        ("receive flour 1 cup", "a piece of flour weighs; to record it: bake measure flour"),
    ],
)
def test_a_refusal_for_another_reason_says_what_helps(bakery: CommandLine, command: str, says: str) -> None:
    """It shows the error and what to do; asking about an unknown name does not become the latest refusal."""
    assert bakery(*command.split()).code == 1
    assert bakery("explain", "unicorn").code == 1
    assert says in bakery("explain", "last").out


def test_every_argument_of_a_refusal_is_shown_if_the_log_has_it(
    bakery: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At DEBUG the log has the quantity that was asked for."""
    monkeypatch.setenv("BAKE_TRACKER_LOG_LEVEL", "DEBUG")
    assert bakery("assemble", "box", "4").code == 1
    assert bakery("explain", "last", "--json").json["refused"]["asked"] == {"finished_good_id": 4, "quantity": 4}


def test_a_rolled_back_operation_is_explained_from_the_log(bakery: CommandLine) -> None:
    """The production inside a refused combined operation succeeded and was rolled back: it has a line, but no row."""
    run_all(bakery, "receive flour 900 g --cost 9 --lot MORE")
    assert bakery("produce", "cookies", "1", "--yield", "10", "--pack", "box", "--boxes", "9").code == 1
    undone = bakery("log", "find", "outcome=rolled_back", "--json").json["operation_id"]
    story = bakery("explain", undone, "--json").json
    assert (story["refused"]["outcome"], story["refused"]["operation"]) == ("rolled_back", "record_batch_production")
    whole = bakery("explain", "last", "--json").json["refused"]
    assert (whole["operation"], whole["cause_operation_id"] is None) == ("record_bake_and_pack", False)
    assert whole["undone"] == [{"operation_id": undone, "operation": "record_batch_production"}]


def test_a_lot_or_run_that_was_rolled_back_is_explained_from_the_log(bakery: CommandLine) -> None:
    """The ledger does not have it, but its line names it; if several do, they are listed."""
    run_all(bakery, "receive flour 900 g --cost 9 --lot MORE")
    packed = ("produce", "cookies", "1", "--yield", "10", "--pack", "box", "--boxes")
    assert bakery(*packed, "9").code == 1
    undone = bakery("log", "find", "outcome=rolled_back", "--json").json
    number = undone["production_run_id"]
    for named in (f"production:{number}", f"run {number}"):
        story = bakery("explain", named, "--json")
        assert (story.code, story.json["refused"]["operation_id"]) == (0, undone["operation_id"])
    assert "is in neither the ledger nor the log" in bakery("explain", f"assembly:{number}").err
    assert bakery(*packed, "8").code == 1
    several = bakery("explain", f"production:{number}", "--json")
    assert (several.code, len(several.json["candidates"])) == (1, 2)
    lot = {**undone, "operation": "record_receipt", "operation_id": an_id(1), "lot_code": "Lost 1"}
    append(bakery.log_file, [lot, {**lot, "operation_id": an_id(2), "lot_code": "L2", "database_id": an_id(3)}])
    assert bakery("explain", "Lost 1", "--json").json["refused"]["operation_id"] == an_id(1)
    assert "'L2' is in neither the ledger nor the log" in bakery("explain", "L2").err


def test_the_ledger_alone_can_explain_without_a_log(
    bakery: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The output says why the log cannot be read; a question that only the log could answer is refused."""
    operation_id = bakery("runs", "--json").json[0]["operation_id"]
    log = tmp_path / "loop"
    log.symlink_to(log)
    monkeypatch.setenv("BAKE_TRACKER_LOG_FILE", str(log))
    for known in ("flour", "cookies", "OLD", "production:1", operation_id):
        done = bakery("explain", known)
        assert (done.code, done.out != "") == (0, True)
        assert "no line of it is left" not in done.out
        assert bakery("explain", known, "--json").code == 0
    assert f"This explanation uses only the ledger: log_file: {log} cannot be opened: " in done.err
    assert "cannot be opened" in bakery("explain", "flour", "--json").json["log_not_read"]
    for unknown in ("last", "nothing", "production:99", "0190b7a1"):
        done = bakery("explain", unknown)
        assert (done.code, "neither" in done.err, f"{log} cannot be opened" in done.err) == (1, False, True)


def test_an_id_is_known_in_every_usual_spelling(bakery: CommandLine) -> None:
    """Recorded and refused operations are found without dashes, in capitals, in braces and as a URN."""
    assert bakery("assemble", "box", "4").code == 1
    refused = bakery("explain", "last", "--json").json["refused"]["operation_id"]
    recorded = bakery("runs", "--json").json[0]["operation_id"]
    for known in (refused, recorded):
        bare = known.replace("-", "")
        whole = bakery("explain", known, "--json").out
        for spelled in (bare, bare.upper(), known.upper(), f"{{{known}}}", f"urn:uuid:{known}"):
            assert bakery("explain", spelled, "--json").out == whole
    assert "no line of it is left" not in bakery("explain", recorded.replace("-", "")).out


def test_a_log_without_a_refusal_says_so(bakery: CommandLine) -> None:
    """There is nothing to explain."""
    done = bakery("explain", "last")
    assert (done.code, "there is no refusal in the log" in done.err) == (1, True)


def test_an_unknown_name_is_refused(bakery: CommandLine) -> None:
    """Neither the ledger nor the log has it; a similar name is suggested."""
    done = bakery("explain", "flour1")
    assert (done.code, "'flour1' is in neither the ledger nor the log" in done.err) == (1, True)
    assert "did you mean flour?" in done.err


# Many draws -----------------------------------------------------------------------------------------------------------


def test_a_lot_of_many_draws_shows_the_first_and_counts_the_rest(bakery: CommandLine) -> None:
    """It shows ten, and every one with --all; JSON has the total as well."""
    run_all(bakery, "receive carton 30 each --cost 30 --lot MANY", "receive flour 9000 g --cost 9 --lot SACK")
    run_all(bakery, "produce cookies 10 --yield 100", *(["assemble box 1"] * 13))
    assert bakery("explain", "MANY", "--json").json["lots"][0]["went_count"] == 12
    assert "packed: 12 in 12 changes" in bakery("explain", "MANY").out
    assert "and 9 more, none larger; --all shows them" in bakery("explain", "MANY").out
    assert len(bakery("explain", "MANY", "--all", "--json").json["lots"][0]["went"]) == 12
    assert "and 4 more lots to be used later; --all shows them" in bakery("explain", "box").out


def test_a_correction_never_hides_behind_the_daily_work(bakery: CommandLine) -> None:
    """The kinds of outflow are listed, the largest first, each with who did it, why and in which transaction."""
    run_all(bakery, "receive carton 40 each --cost 40 --lot MANY", "receive flour 9000 g --cost 9 --lot SACK")
    run_all(bakery, "produce cookies 10 --yield 100", *(["assemble box 1"] * 13))
    for words in (["less 20 each lot:MANY"], ["less 1 each lot:MANY"], ["more 3 each lot:MANY"]):
        assert bakery("adjust", *words, "--reason", "the shelf was empty").code == 0
    wrong = bakery("waste", "2 each carton", "--reason", "a mistake", "--json").json["operation_id"]
    assert bakery("reverse", wrong, "--reason", "it was dry").code == 0
    lot = bakery("explain", "MANY", "--json").json["lots"][0]["outflows"]
    assert [(one["kind"], one["direction"], one["quantity"], one["count"]) for one in lot] == [
        ("correction", "out", "21", 2),
        ("record_assembly", "out", "12", 12),
        ("correction", "in", "3", 1),
    ]
    item = bakery("explain", "carton", "--json").json["item"]["outflows"]
    assert [(one["kind"], one["quantity"]) for one in item] == [
        ("correction", "21"),
        ("record_assembly", "14"),
        ("correction", "3"),
    ]
    (largest, _) = item[0]["largest"]
    assert (largest["quantity"], largest["cost"], largest["lot_code"]) == ("20", "20.00", "MANY")
    shown = " ".join(bakery("explain", "carton").out.replace("│", " ").split())
    assert "corrected: 21 in 2 changes" in shown
    assert f"20 from MANY, cost 20.00, 'the shelf was empty', {largest['at'][:19].replace('T', ' ')} UTC by" in shown
    assert f"{largest['operation_id'][:13]}, transaction {largest['transaction_id'][:13]}" in shown
    assert bakery("explain", "carton", "--since", "0001-01-01", "--json").json["item"]["outflows"] == item
    assert bakery("explain", "carton", "--since", "2999-01-01", "--json").json["item"]["outflows"] == []


def test_a_move_is_no_outflow_of_the_item_and_an_undone_receipt_is_one_of_its_lot(bakery: CommandLine) -> None:
    """A move keeps the stock; undoing a receipt takes it."""
    assert bakery("transfer", "LAST", "10", "g", "--to", "Cellar").code == 0
    gone = bakery("receive", "flour", "5", "g", "--lot", "GONE", "--json").json["operation_id"]
    assert bakery("reverse", gone, "--reason", "never came").code == 0
    flour, last, undone = (bakery("explain", what, "--json").json for what in ("flour", "LAST", "GONE"))
    assert [one["kind"] for one in flour["item"]["outflows"]] == ["record_batch_production", "record_reversal"]
    assert [(one["kind"], one["quantity"]) for one in last["lots"][0]["outflows"]] == [("record_transfer", "10")]
    (kind,) = undone["lots"][0]["outflows"]
    assert (kind["kind"], kind["largest"][0]["reason"]) == ("record_reversal", "never came")


def test_every_refusal_since_a_time_says_what_would_have_been_enough(bakery: CommandLine) -> None:
    """The latest comes first; those of one item can be asked for alone."""
    assert bakery("produce", "cookies", "1000", "--yield", "10000").code == 1
    assert bakery("assemble", "box", "50").code == 1
    both = bakery("explain", "--refused", "--since", "yesterday", "--json").json
    assert [[short["item_slug"] for short in one["short"]] for one in both["refusals"]] == [
        ["cookie", "carton"],
        ["flour"],
    ]
    assert both["refusal_count"] == 2
    (flour,) = bakery("explain", "flour", "--refused", "--json").json["refusals"]
    assert (flour["asked"]["recipe_id"], flour["short"][0]["missing"]) == (1, "149910")
    shown = bakery("explain", "--refused").out
    assert "149910 g more would have been enough" in shown
    assert shown.index("record_assembly") < shown.index("record_batch_production")
    for words, says in (
        (["--refused", "--since", "2999-01-01"], "there is no refusal since 2999-01-01"),
        (["box", "--refused"], "there is no refusal of box in the log"),
        (["nothing", "--refused"], "'nothing' is not an item"),
    ):
        done = bakery("explain", *words)
        assert done.code == 1
        assert says in done.err
    assert bakery("explain").code == 2
    assert bakery("explain", "--refused", "--since", "long ago").code == 2


# What is claimed ------------------------------------------------------------------------------------------------------


def claimed(operation_id: str) -> list[tuple[str, str, list[tuple[str | None, str]]]]:
    """For each draw in an explanation: the lot, why this one, and the lots passed over, with their state."""
    with read_scope() as session:
        story = explain_operation(session, operation_id)
    return [
        (one["lot"]["lot_code"], one["why"], [(over["lot_code"], over["state"]) for over in one["passed_over"]])
        for one in (*story["used"], *(draw for lot in story["brought"] for draw in lot["used"]))
    ]


@pytest.fixture
def flour(kitchen: Kitchen) -> Kitchen:
    """Flour in lots A (first to be used) and B, and a flatbread of 100 g."""
    kitchen.ingredient("Flour")
    kitchen.recipe("Flat", {"Flour": (100, "g")}, {"Flatbread": 1})
    for code, year in (("A", 2990), ("B", 2991)):
        made = kitchen.receive("Flour", 500, "g", 1, lot_code=code, expires_on=date(year, 1, 1))
        kitchen.ids[code] = made["lot_id"]
    return kitchen


def test_a_lot_that_a_person_named_passed_nothing_over(flour: Kitchen) -> None:
    """The explanation has the person's reason, and does not say that the first lot was on hold."""
    named = [{"lot_id": flour.ids["B"], "quantity": 90, "reason": "A was out of reach"}]
    run = flour.produce("Flat", "Flatbread", 1, 1, used=named)
    assert claimed(run["operation_id"]) == [("B", "this lot was named: A was out of reach", [])]
    line = {"lot_id": flour.ids["B"], "quantity": 5}
    spilt = run_in_transaction(lambda s: record_adjustment("waste", [line], session=s, reason="spilt"))
    assert claimed(spilt["operation_id"]) == [("B", "this lot was named", [])]


def test_an_undo_passed_nothing_over(flour: Kitchen) -> None:
    """It takes back what was added, wherever that lot is in the order."""
    mistyped = flour.receive("Flour", 900, "g", 1, lot_code="C")["operation_id"]
    undone = run_in_transaction(lambda s: record_reversal(mistyped, "mistyped", session=s))
    assert claimed(undone["operation_id"]) == [("C", "taken back by an undo", [])]


def test_the_state_of_then_is_recorded(flour: Kitchen) -> None:
    """A lot that was on hold stays so in the explanation after its release, and one held later does not become so."""
    hold("A")
    line = {"item_id": flour.ids["Flour"], "quantity": 5}
    first = run_in_transaction(lambda s: record_adjustment("waste", [line], session=s, reason="spilt"))
    run_in_transaction(lambda s: s.execute(text("UPDATE lot SET on_hold = false")))
    run = flour.produce("Flat", "Flatbread", 1, 1)
    hold("B")
    assert [one[2] for one in claimed(first["operation_id"])] == [[("A", "on hold")]]
    assert [one[2] for one in claimed(run["operation_id"])] == [[("B", "later")]]


def test_what_was_not_recorded_is_not_claimed(flour: Kitchen) -> None:
    """A draw from before reasons were recorded says so, and so does a lot that it did not take."""
    line = {"lot_id": flour.ids["B"], "quantity": 5}
    spilt = run_in_transaction(lambda s: record_adjustment("waste", [line], session=s, reason="spilt"))
    with without_guards(keep=True) as session:
        session.execute(text("UPDATE movement SET reason = NULL"))
    assert claimed(spilt["operation_id"]) == [("B", "why this lot was not recorded then", [("A", "not recorded")])]
