"""The command line as a baker uses it."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from bake_tracker.services import database
from bake_tracker.services.database import read_scope
from support import DATA
from support.command_line import Done
from support.warm.program import run, shell_words

pytestmark = pytest.mark.one_database

Bake = Callable[..., Done]


@pytest.fixture
def bakery(bake: Bake) -> Bake:
    """Flour and cookies, set up by commands alone."""
    for line in (
        ["item", "add", "ingredient", "Flour", "--unit", "g"],
        ["item", "add", "ingredient", "Milk", "--unit", "ml"],
        ["item", "add", "finished_unit", "Cookie"],
        ["item", "add", "material", "Carton"],
        ["recipe", "add", "Cookies", "--line", "2 cup flour", "--line", "1/2 cup milk", "--makes", "24 cookie"],
        ["good", "add", "Box", "--part", "6 cookie", "--part", "1 carton"],
        ["density", "flour", "1", "cup", "120", "g"],
        ["receive", "flour", "1", "kg", "--cost", "2.50", "--expires", "2999-01-01"],
        ["receive", "milk", "2", "cup", "--cost", "1"],
        ["receive", "carton", "10", "each", "--cost", "5"],
    ):
        assert bake(*line).code == 0
    return bake


def test_a_day_goes_from_goods_in_to_the_box(bakery: Bake) -> None:
    """Each command answers in words and exits with 0; at the end the ledger and the log agree."""
    assert bakery("check", "produce", "cookies", "2").out == "Yes: the stock allows 2 x cookies.\n"
    assert "Baked 40, planned 48 (partial loss)" in bakery("produce", "cookies", "2", "--yield", "40").out
    assert "Packed 3 as lot box-" in bakery("assemble", "box", "3").out
    assert "22" in bakery("stock").out
    assert "40 Cookies" in bakery("runs").out
    assert "they agree" in bakery("verify").out
    verified = bakery("log", "verify", "--json").json
    assert verified["clean"] is True
    assert verified["operations_compared"] == verified["success_lines_compared"] > 0


def test_a_refusal_exits_1_and_says_what_is_short_once(bakery: Bake) -> None:
    """It names every short item with the quantity needed and available; nothing is taken."""
    done = bakery("produce", "cookies", "5", "--yield", "100")
    assert (done.code, done.out) == (1, "")
    assert (
        done.err
        == "Refused: flour: 1200 g needed, 1000 g available; milk: 591.470591 ml needed, 473.176473 ml available\n"
    )
    assert bakery("check", "produce", "cookies", "5").code == 1
    assert bakery("runs").out == "Nothing has been baked or packed yet.\n"


def test_an_unknown_slug_suggests_similar_ones_and_is_logged(bakery: Bake) -> None:
    """A typing error is easy to correct, and the log has it."""
    done = bakery("produce", "cokies", "1", "--yield", "1")
    assert (done.code, done.err) == (1, "Refused: there is no recipe 'cokies'; did you mean cookies?\n")
    tail = [json.loads(line) for line in bakery.log_file.read_text().splitlines()]  # type: ignore[attr-defined]
    assert tail[-1]["outcome"] == "recipe_not_found"


def test_ids_work_like_slugs(bakery: Bake) -> None:
    """A number is taken as an id."""
    assert bakery("check", "produce", "1", "1").code == 0
    assert bakery("check", "produce", "999", "1").code == 1


@pytest.mark.parametrize(
    "line",
    [
        ["produce", "cookies", "1"],
        ["produce", "cookies", "one", "--yield", "1"],
        ["receive", "flour", "a lot", "kg"],
        ["receive", "flour", "1", "kg", "--cost", "NaN"],
        ["receive", "flour", "1", "kg", "--expires", "tomorrow"],
        ["recipe", "add", "Bread", "--line", "flour"],
        ["runs", "--last", "0"],
        ["report", "usage", "--since", "2026-02-01", "--until", "2026-01-01"],
        ["report", "yield", "--since", "2026-02-01", "--until", "2026-01-01"],
        ["report", "yield", "--last", "2"],
        ["no-such-command"],
    ],
)
def test_wrong_usage_exits_2_and_names_what_is_wrong(bakery: Bake, line: list[str]) -> None:
    """Invalid input never reaches a service."""
    done = bakery(*line)
    assert done.code == 2
    assert done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (["produce", "cookies", "0", "--yield", "1"], "num_batches"),
        (["produce", "cookies", "1.5", "--yield", "1"], "num_batches"),
        (["produce", "cookies", "1", "--yield", "-1"], "actual_yield"),
        (["produce", "cookies", "1", "--yield", "24", "--scale", "0"], "scale_factor"),
        (["receive", "flour", "0", "kg"], "quantity"),
        (["receive", "flour", "1", "bushel"], "unit"),
        (["receive", "flour", "1", "kg", "--cost", "-1"], "total_cost"),
        (["receive", "flour", "1", "each"], "cannot convert each to g"),
        (["item", "add", "vegetable", "Kale"], "kind"),
        (["item", "add", "ingredient", "Flour", "--unit", "g"], "slug"),
        (["density", "flour", "1", "kg", "1", "g"], "volume_unit"),
        (["init", "--currency", "euros"], "currency"),
        (["init", "--time-zone", "Mars/Base"], "time_zone"),
        (["init", "--currency", "JPY"], "already has stock"),
        (["show", "0000"], "there is no operation"),
        (["receive", "flour", "1", "kg", "--received", "2999-01-01"], "received: must be today ("),
        (["deliver", "flour", "1 kg flour", "--on", "2999-01-01"], "on: must be today ("),
        (
            ["product", "add", "flour", "T55", "--package", "1 kg", "--gtin", "123"],
            "gtin: '123' is not a valid bar code",
        ),
        (["show", "0"], "several operations match 0; use the full id of one"),
        (["explain", "99"], "99 alone could be the id of anything; use a lot's code"),
        (["receive", "flour", "1", "bag", "--product", "T55"], "flour: there is no product 'T55'"),
        (["produce", "cookies", "1", "--yield", "1", "--operation-id", "x"], "operation_id"),
    ],
)
def test_bad_input_is_refused_by_name(bakery: Bake, line: list[str], named: str) -> None:
    """The refusal names the argument, says what is allowed, and exits with 1."""
    done = bakery(*line)
    assert done.code == 1
    assert named in done.err


def test_every_answer_is_json_on_request(bakery: Bake) -> None:
    """``--json`` may appear anywhere and prints the service's result, or the refusal."""
    run = bakery("--json", "produce", "cookies", "1", "--yield", "24").json
    assert (run["actual_yield"], run["production_status"], run["cost_complete"]) == ("24", "complete", True)
    assert bakery("stock", "--json").json[0]["slug"] == "cookie"
    assert bakery("runs", "--json").json[0]["operation_id"] == run["operation_id"]
    assert bakery("show", run["operation_id"][:20], "--json").json["operation"] == "record_batch_production"
    tree = bakery("log", "tree", run["operation_id"], "--json").json
    assert [node["outcome"] for node in tree[0]["operations"]] == ["success"]
    error = bakery("produce", "cookies", "9", "--yield", "1", "--json").json["error"]
    assert (error["code"], error["missing_ingredients"]) == ("insufficient_inventory", ["flour", "milk"])


def test_the_same_operation_id_again_changes_nothing(bakery: Bake) -> None:
    """A command repeated after a broken connection returns the first answer."""
    line = ["produce", "cookies", "1", "--yield", "24", "--operation-id", "0190b7a1-0000-7000-8000-000000000001"]
    assert bakery(*line).out == bakery(*line).out
    assert len(bakery("runs", "--json").json) == 1


def test_baking_and_packing_in_one_go_is_all_or_nothing(bakery: Bake) -> None:
    """``--pack`` records both, or neither if the boxes are refused; the tree says why."""
    refused = bakery("produce", "cookies", "1", "--yield", "24", "--pack", "box", "--boxes", "5")
    assert (refused.code, refused.err) == (1, "Refused: cookie: 30 needed, 24 available\n")
    assert bakery("runs", "--json").json == []
    tree = bakery("log", "tree", "--last", "1").out
    assert "record_batch_production: rolled_back" in tree
    assert "because of" in tree
    done = bakery("produce", "cookies", "1", "--yield", "24", "--pack", "box", "--boxes", "4")
    assert (done.code, len(bakery("runs", "--json").json)) == (0, 2)


def test_show_prints_what_an_operation_moved(bakery: Bake) -> None:
    """It shows the arguments, the result and the movements, lot by lot."""
    run = bakery("produce", "cookies", "1", "--yield", "24", "--json").json
    shown = bakery("show", run["operation_id"]).out
    assert "moved -240 g of lot flour-" in shown
    assert "moved 24 of lot cookie-" in shown


def test_counts_use_the_singular_and_answers_stay_within_the_question(bakery: Bake, tmp_path: Path) -> None:
    """It never says "1 lots"; with prices since a day, it says nothing about earlier days."""
    assert bakery("count", "check", "1=900g").out.endswith("Counted 1 lot, 1 differs, cost -0.25\n")
    assert bakery("prices", "flour", "--csv", str(tmp_path / "p.csv")).out.startswith("Wrote 1 row to ")
    assert bakery("recall", "flour-20", "--drill").code == 1
    assert "The balance closes exactly.\n" in bakery("recall", "1", "--drill").out
    assert bakery("prices", "flour", "--since", "2999-01-01").out == "No purchases of flour since 2999-01-01.\n"
    assert bakery("prices", "cookie").out == "No purchases of cookie yet.\n"


def test_a_total_loss_is_printed_with_one_comma(bakery: Bake) -> None:
    """The trace names the production and says that nothing came out."""
    assert bakery("produce", "cookies", "1", "--yield", "0").code == 0
    assert ", production:1, a total loss\n" in bakery("trace", "1").out


def test_a_recipe_can_be_changed_and_listed(bakery: Bake) -> None:
    """New lines replace the old ones."""
    assert bakery("recipe", "add", "Cookies", "--change", "cookies", "--line", "100 g flour").code == 0
    assert bakery("check", "produce", "cookies", "10").code == 0
    assert bakery("recipe", "list", "--json").json == {"cookies": 1}
    assert "flour" in bakery("item", "list", "ingredient").out


def test_an_unreachable_database_gives_one_clear_line(bake: Bake) -> None:
    """It names the database that could not be opened, without a traceback."""
    for url in ("mysql://x/y", "nonsense", "postgresql://127.0.0.1:1/none", "sqlite:////proc/none/x.db"):
        done = bake("stock", "--database", url)
        assert done.code in (1, 3)
        assert "Traceback" not in done.err
        assert done.err


def test_the_demo_can_be_played_again(bake: Bake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run has a fresh file; a file that is not a demo's is left alone."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    for _ in range(2):
        done = bake("demo", "--json")
        assert (done.code, done.json["log_verify"]["clean"], done.json["verify"]["drift"]) == (0, True, [])
        database.dispose_engines()
    demo_file = tmp_path / "home" / "bake-tracker" / "demo.db"
    with closing(sqlite3.connect(demo_file)) as older:
        older.execute("UPDATE alembic_version SET version_num = '0001'")
        older.commit()
    assert bake("demo", "--json").code == 0  # the demo of an earlier version is replaced too
    database.dispose_engines()
    assert bake("init", "--name", "Mine", "--database", f"sqlite:///{demo_file}").code == 0
    database.dispose_engines()
    refused = bake("demo")
    assert (refused.code, "holds another bakery, not a demo" in refused.err) == (1, True)


def test_a_slug_goes_before_an_id(bakery: Bake) -> None:
    """An item called 2 is that item, not the one with id 2."""
    assert bakery("item", "add", "ingredient", "Type two", "--slug", "t2", "--unit", "g").code == 0
    assert bakery("receive", "2", "1", "l", "--json").json["item_slug"] == "milk"
    assert bakery("receive", "t2", "1", "kg", "--json").json["item_slug"] == "t2"


def test_boxes_without_pack_are_wrong_usage(bakery: Bake) -> None:
    """Nothing is baked when only half of the request is clear."""
    assert bakery("produce", "cookies", "1", "--yield", "24", "--boxes", "3").code == 2
    assert bakery("produce", "cookies", "1", "--yield", "24", "--pack", "box").code == 2
    assert bakery("runs", "--json").json == []


@pytest.mark.parametrize(
    ("name", "value"), [("CURRENCY", "banana"), ("TIME_ZONE", "Mars/X"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml")]
)
def test_a_wrong_setting_is_named(bake: Bake, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """It is wrong usage, without a traceback."""
    monkeypatch.setenv(f"BAKE_TRACKER_{name}", value)
    done = bake("stock")
    assert (done.code, f"BAKE_TRACKER_{name}: " in done.err) == (2, True)


@pytest.mark.parametrize(
    "words", ["explain \udcff", "explain last x\udcff", "log find actor=\udcff", "receive flour 1 kg --lot \udcff"]
)
def test_an_argument_that_is_not_utf8_is_refused_by_its_place(bakery: Bake, words: str) -> None:
    """No command can search for or store such bytes, so they are wrong usage."""
    done = bakery(*words.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"Refused: argument {len(words.split())} is not UTF-8 text: ")
    assert "\\udcff" in done.err


def test_runs_show_the_newest_first_and_the_recipe_as_it_was(bakery: Bake) -> None:
    """A later name changes no history."""
    assert bakery("produce", "cookies", "1", "--yield", "24").code == 0
    assert bakery("recipe", "add", "Biscuits", "--change", "cookies", "--line", "1 cup flour").code == 0
    assert bakery("produce", "cookies", "1", "--yield", "24").code == 0
    assert [one["what"] for one in bakery("runs", "--json").json] == ["Biscuits", "Cookies"]


def test_an_answer_that_cannot_be_shown_is_not_called_a_failure(sqlite_url: str, tmp_path: Path) -> None:
    """The operation is recorded, and the output says so; the ledger has it once."""
    environment = {**os.environ, "BAKE_TRACKER_DATABASE_URL": sqlite_url, "BAKE_TRACKER_LOG_FILE": str(tmp_path / "l")}
    bake_ = shell_words("bake_tracker")
    for words in (["item", "add", "ingredient", "Flour", "--unit", "g"], ["receive", "flour", "1", "kg"]):
        with Path("/dev/full").open("w") as full:
            done = run("bake_tracker", *words, environment=environment, stdout=full)
        assert done.returncode == 3
        assert done.stderr.startswith("Operation ")
        assert "Traceback" not in done.stderr
    closed = f"{bake_} stock >&-; {bake_} stock | true"
    ended = subprocess.run(closed, shell=True, env=environment, capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    with read_scope() as session:
        assert session.execute(text("SELECT count(*) FROM lot")).scalar() == 1
    # A tree is printed by other means than lines are; a reader that closes either one is not a refusal.
    for words, reader, code, said in (
        ("log tree", "| true", 0, b""),
        ("log find", "> /dev/full", 3, b"The lines could not be shown: [Errno 28] No space left on device\n"),
        ("log lnav", "> /dev/full", 3, b"The lines could not be shown: [Errno 28] No space left on device\n"),
    ):
        line = f"set -o pipefail; {bake_} {words} {reader}"
        ended = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, check=False)
        assert (ended.returncode, ended.stderr) == (code, said)


def test_asking_leaves_nothing_behind(bake: Bake, tmp_path: Path) -> None:
    """Reading a mistyped database neither creates it nor leaves a log that agrees with it."""
    nowhere = ("--database", f"sqlite:///{tmp_path}/folder/typo.db")
    for question in (("stock",), ("log", "verify"), ("log", "find"), ("log", "tail"), ("runs",)):
        bake(*question, *nowhere)
        assert not (tmp_path / "folder").exists()
    asked = bake("stock", *nowhere)
    assert (asked.code, "there is no bakery at" in asked.err) == (1, True)
    for question in (("log", "verify"), ("verify",), ("stock",)):
        assert bake(*question, *nowhere).code == 1
        assert not bake.log_file.exists()


def test_a_dry_run_foresees_an_import_into_a_bakery_that_does_not_exist_yet(bake: Bake, tmp_path: Path) -> None:
    """It reports as it would for an empty bakery, and leaves nothing behind."""
    file = str(DATA / "small-export.json")
    nowhere = ("--database", f"sqlite:///{tmp_path}/folder/new.db")
    asked = bake("import", file, "--dry-run", *nowhere)
    assert "There is no bakery yet" in asked.out
    report = bake("import", file, "--dry-run", "--json", *nowhere).json
    assert not (tmp_path / "folder").exists()
    bake("init")
    assert bake("import", file, "--dry-run", "--json").json == report
