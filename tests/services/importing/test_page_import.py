"""From a recipe page to a recipe: sure lines are taken, the others listed, in one operation."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from bake_tracker.database.transaction_outcomes import statement_count
from bake_tracker.domain.errors import ConflictError, ItemNotFoundError, ValidationError
from bake_tracker.domain.plurals import one_of
from bake_tracker.domain.recipe_text.yields import parse_yield
from bake_tracker.entrypoints.cli.remedies import in_words
from bake_tracker.services.database import read_scope, run_in_transaction
from bake_tracker.services.importing.recipe_page import check_recipe_page, record_recipe_page
from support.kitchen import Kitchen

LINES = ["2 cups (240 g) plain flour", "1 egg, beaten", "For the top:", "2-3 tbsp milk", "salt, to taste"]


def check(lines: list[str] = LINES, yields: tuple[str, ...] = (), **choices: Any) -> Any:
    with read_scope() as session:
        return check_recipe_page("Rolls", lines, session=session, yields=yields, choices=choices or None)  # type: ignore[arg-type]


def record(lines: list[str] = LINES, *, more: dict[str, Any] | None = None, **choices: Any) -> Any:
    choices = {"without_yield": True, **choices}
    return run_in_transaction(
        lambda session: record_recipe_page("Rolls", lines, session=session, choices=choices, **(more or {}))  # type: ignore[arg-type]
    )


@pytest.fixture
def pantry(sqlite_url: str) -> Kitchen:
    """Flour in g, eggs in pieces, milk in ml, salt in g and a finished unit, a roll."""
    kitchen = Kitchen()
    kitchen.ingredient("Plain Flour")
    kitchen.ingredient("Eggs", "each")
    kitchen.ingredient("Milk", "ml")
    kitchen.ingredient("Salt")
    kitchen.item("finished_unit", "Roll", "each")
    return kitchen


def problems(call: Callable[[], Any]) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        call()
    told: dict[str, str] = {}
    for problem in in_words(refused.value.problems):
        field = problem["field"].split(" (")[0]
        told[field] = "; ".join(filter(None, (told.get(field), problem["problem"])))
    return told


def test_a_page_becomes_a_recipe_in_one_operation(kitchen: Kitchen) -> None:
    """Known items are found, missing ones are added, and every part is nested in the one operation."""
    kitchen.ingredient("Plain Flour")
    made = run_in_transaction(
        lambda session: record_recipe_page(
            "Rolls",
            LINES,
            session=session,
            yields=["Makes 12 rolls"],
            choices={
                "create_missing": True,
                "ranges": "high",
                "left_out": [5],
                "names": {"Milk": kitchen.ids["Plain Flour"]},
            },
            source="https://baker.example/rolls",
        )
    )
    assert (made["slug"], made["line_count"], made["created"]) == ("rolls", 3, ["egg", "rolls"[:-1]])
    assert made["left_out"] == ["salt, to taste"]
    assert (made["finished_unit_slug"], made["finished_unit_quantity"]) == ("roll", "12")
    lines = kitchen.rows(
        "SELECT item.slug, recipe_line.quantity, recipe_line.unit FROM recipe_line JOIN item ON item.id = item_id "
        "ORDER BY position"
    )
    assert lines == [("plain-flour", "240", "g"), ("egg", "1", "each"), ("plain-flour", "3", "tbsp")]
    assert kitchen.rows("SELECT notes, source FROM recipe") == [("\n".join(LINES), "https://baker.example/rolls")]
    inside = kitchen.rows("SELECT name FROM operation WHERE parent_id = :id ORDER BY id", id=made["operation_id"])
    assert sorted(name for (name,) in inside) == [
        "record_item", "record_item", "record_name", "record_recipe", "record_recipe_yield"
    ]  # fmt: skip
    assert kitchen.rows("SELECT name FROM name_mapping") == [("milk",)]


def test_a_preview_says_what_every_line_means_and_what_to_do(pantry: Kitchen) -> None:
    """The plural finds the egg, and the flour's weight is preferred to its cups."""
    found = check([*LINES[:4], "Potatoes"], ("12 rolls",), ranges="ask")
    assert [(line["state"], line["quantity"], line["unit"], line["item_slug"]) for line in found["lines"]] == [
        ("taken", "240", "g", "plain-flour"),
        ("taken", "1", "each", "eggs"),
        ("heading", None, None, None),
        ("unsure", "2-3", "tbsp", "milk"),
        ("unsure", None, None, None),
    ]
    assert found["lines"][3]["to_do"] == ["a range is given"]
    assert found["lines"][4]["remedies"] == [{"kind": "settle_line", "line": 5, "can_accept": False}]
    told = in_words(found)["lines"]
    assert told[3]["to_do"] == ["a range is given; add --ranges low or --ranges high"]
    assert told[4]["to_do"] == ["no quantity is given; add --line '5=250 g SLUG' or --leave-out 5"]
    assert (found["is_sure"], found["makes"]["state"]) == (False, "taken")
    assert pantry.rows("SELECT count(*) FROM recipe") == [(0,)]


def test_unsure_lines_are_refused_together_and_nothing_is_recorded(pantry: Kitchen) -> None:
    """Each has its line number; an unknown ingredient has a suggestion."""
    told = problems(
        lambda: record(["1 cup plain fluor", "a handful of oats", "100 g corn or olive oil mix", "5 g salt"])
    )
    assert told["line 1"].startswith("there is no 'plain fluor' here, but plain-flour")
    assert "--map 'plain fluor=plain-flour'" in told["line 1"]
    assert "stock is not kept by the handful; add --line '2=250 g SLUG' or --leave-out 2" in told["line 2"]
    assert "the line offers an alternative; add --accept 3 or --line" in told["line 3"]
    assert set(told) == {"line 1", "line 2", "line 3"}
    assert pantry.rows("SELECT count(*) FROM recipe") == [(0,)]


def test_a_rule_settles_what_clear_lines_leave_open(pantry: Kitchen) -> None:
    """The low end, the first of two, pieces under their own name, and nothing for no amount; the answer says so."""
    lines = ["2-3 tbsp milk", "2 eggs or egg whites", "2 cloves of garlic", "Salt, to taste"]
    preview = check(lines, without_yield=True, create_missing=True)
    assert preview["is_sure"]
    assert [(line["state"], line["quantity"], line["unit"], line["ingredient"]) for line in preview["lines"]] == [
        ("taken", "2", "tbsp", "milk"),
        ("taken", "2", "each", "eggs"),
        ("new", "2", "each", "garlic cloves"),
        ("left out", None, None, "Salt"),
    ]
    rules = [
        "a range is given; its low end is taken",
        "the line offers an alternative; the first is taken",
        "stock is not kept by the clove; it is counted in pieces, as garlic cloves",
        "no quantity is given; the line is left out, and stays in the recipe's notes",
    ]
    assert [line["settled"] for line in preview["lines"]] == [[rule] for rule in rules]
    made = record(lines, create_missing=True)
    assert [text.partition("): ")[2] for text in made["settled"]] == rules
    assert (made["created"], made["left_out"]) == (["garlic-cloves"], ["Salt, to taste"])
    units = pantry.rows(
        "SELECT item.slug, recipe_line.unit FROM recipe_line JOIN item ON item.id = item_id ORDER BY position"
    )
    assert units == [("milk", "tbsp"), ("eggs", "each"), ("garlic-cloves", "each")]
    assert "settled" not in record(["5 g salt"], more={"slug": "other"})


def test_a_yield_is_asked_about_although_a_rule_settles_a_line(pantry: Kitchen) -> None:
    """How many come out of a batch is in every cost, so nothing is taken for it."""
    assert check(["2-3 tbsp milk"], ("10-12 rolls",))["makes"]["state"] == "unsure"
    assert check(["2-3 tbsp milk"], ("10-12 rolls",), ranges="low")["makes"]["quantity"] == "10"


def test_a_retry_that_leaves_the_ranges_out_is_the_call_that_asked(pantry: Kitchen) -> None:
    """Leaving them out meant to ask before there was a rule, so both have one fingerprint."""
    again = {"operation_id": "0195f000-0000-7000-8000-0000000000aa"}
    assert record(["5 g salt"], more=again, ranges="ask") == record(["5 g salt"], more=again)


def test_a_person_settles_every_line(pantry: Kitchen) -> None:
    """A person states its meaning, accepts it as read, leaves it out, or chooses one end of the ranges."""
    said = {2: {"item_id": pantry.ids["Salt"], "quantity": Fraction(1, 2), "unit": "tsp"}}
    made = record(
        ["1-2 tbsp milk", "salt", "2 eggs or ducks", "a few nuts"],
        said=said, accepted=[3], left_out=[4], ranges="low",
    )  # fmt: skip
    rows = pantry.rows("SELECT item_id, quantity, unit FROM recipe_line ORDER BY position")
    ids = pantry.ids
    assert rows == [(ids["Milk"], "1", "tbsp"), (ids["Salt"], "1/2", "tsp"), (ids["Eggs"], "2", "each")]
    assert made["line_count"] == 3


def test_a_name_is_remembered_for_the_next_page(pantry: Kitchen) -> None:
    """A name mapped once is known from then on, whatever its case and blanks."""
    record(["1 kg type 00"], names={"type 00": pantry.ids["Plain Flour"]})
    assert check(["2 kg Type  00"])["lines"][0]["item_slug"] == "plain-flour"
    assert problems(lambda: record(["1 kg salt"], names={"sugar": pantry.ids["Salt"]})) == {
        "names": "'sugar' is not in any line of the page"
    }


def test_of_two_amounts_the_one_that_the_item_is_kept_in_is_taken(pantry: Kitchen) -> None:
    """Milk is kept in ml, so its volume needs no density; a missing density is reported before baking."""
    lines = check(["240 g (1 cup) milk", "1 cup plain flour"], without_yield=True)["lines"]
    assert [(line["quantity"], line["unit"]) for line in lines] == [("1", "cup"), ("1", "cup")]
    assert lines[0]["hints"] == []
    assert "bake measure plain-flour" in in_words(lines[1])["hints"][0]
    assert lines[1]["state"] == "taken"


def test_a_new_ingredient_is_kept_by_weight_where_any_line_weighs_it(pantry: Kitchen) -> None:
    """Otherwise it is kept by volume or by the piece; an ingredient in two lines is added once."""
    made = record(["2 tbsp butter", "100 g butter", "1 l cream", "3 figs"], create_missing=True)
    assert made["created"] == ["butter", "cream", "figs"]
    kept = pantry.rows("SELECT slug, base_unit FROM item WHERE slug IN ('butter', 'cream', 'figs') ORDER BY slug")
    assert kept == [("butter", "g"), ("cream", "ml"), ("figs", "each")]


def test_a_person_may_say_how_a_new_ingredient_is_kept_and_how_long_a_new_product_keeps(pantry: Kitchen) -> None:
    """The preview shows what each new line would be; a name that is on no line is refused."""
    lines, kept = ["2 cups rye flour", "1 l cream"], {"Rye flour": "g"}
    found = check(lines, ("12 buns",), create_missing=True, kept=kept)
    assert [line["kept"] for line in found["lines"]] == ["g", "ml"]
    assert "kept" not in check(["1 cup milk"], without_yield=True)["lines"][0]
    choices: dict[str, Any] = {"create_missing": True, "without_yield": False, "kept": kept, "shelf_life_days": 2}
    record(lines, more={"yields": ["12 buns"]}, **choices)
    rows = pantry.rows("SELECT slug, base_unit, shelf_life_days FROM item WHERE slug IN ('rye-flour', 'bun', 'cream')")
    assert {tuple(row) for row in rows} == {("rye-flour", "g", None), ("cream", "ml", None), ("bun", "each", 2)}
    assert "is not in any line" in problems(lambda: record(lines, create_missing=True, kept={"salt": "g"}))["kept"]
    assert "choices.kept" in problems(lambda: record(lines, create_missing=True, kept={"cream": "kg"}))


@pytest.mark.parametrize(
    ("lines", "created"),
    [
        (["100 g all-purpose flour", "50 g all purpose flour"], ["all-purpose-flour"]),
        (["1 tsp SEA salt", "2 g sea salt"], ["sea-salt"]),
        (["1 l crème", "100 g Creme"], ["creme"]),
        (["1 fig", "3 figs"], ["fig"]),
        (["3 figs", "1 fig", "2 FIGS"], ["figs"]),
    ],
)
def test_two_spellings_of_a_new_name_are_one_new_item(pantry: Kitchen, lines: list[str], created: list[str]) -> None:
    """A hyphen, a capital, an accent or a plural makes no other item, as with names on file."""
    assert check(lines, create_missing=True, without_yield=True)["is_sure"]
    assert record(lines, create_missing=True)["created"] == created
    assert pantry.rows("SELECT count(DISTINCT item_id), count(*) FROM recipe_line") == [(1, len(lines))]


@pytest.mark.parametrize(
    ("lines", "yields"),
    [
        (["100 g gift box"], []),
        (["100 g tea"], []),
        (["1 g " + "x" * 201], []),
        (["100 g ☕", "100 g ♥"], []),
        (["100 g cake"], ["12 cakes"]),
        (["100 g rye"], ["12 milks"]),
        (["100 g rye"], ["1/3 cakes"]),
        (["100 g rye"], ["12 cakes"]),
        (["1 egg", "2 eggs", "1 l rye milk"], ["12 rolls"]),
    ],
)
def test_the_dry_run_and_the_real_run_agree(pantry: Kitchen, lines: list[str], yields: list[str]) -> None:
    """A name that a box, two items or a new ingredient has already is doubted in both."""
    pantry.item("finished_good", "Gift Box", "each")
    for slug, name in (("tea-1", "Tea"), ("tea", "Black Tea")):
        pantry.item("ingredient", name, "g", slug=slug)
    accepted = list(range(1, len(lines) + 1))
    given: dict[str, Any] = {"create_missing": True, "without_yield": not yields, "accepted": accepted}
    is_sure = check(lines, tuple(yields), **given)["is_sure"]
    if is_sure:
        assert record(lines, more={"yields": yields}, **given)["line_count"] == len(lines)
    else:
        told = problems(lambda: record(lines, more={"yields": yields}, **given))
        assert set(told) <= {*(f"line {number}" for number in accepted), "yield"}
    assert is_sure == (yields in (["12 cakes"], ["12 rolls"]) and lines != ["100 g cake"])


def test_a_unit_that_is_not_read_is_never_the_name_of_a_new_item(pantry: Kitchen) -> None:
    """Accepting the line is not enough; a person says what it means. An item of such a name on file is found."""
    line = "2 tazas de harina"
    found = check([line], create_missing=True, accepted=[1])["lines"][0]
    assert (found["state"], found["remedies"]) == ("unsure", [{"kind": "settle_line", "line": 1, "can_accept": False}])
    assert problems(lambda: record([line], create_missing=True, accepted=[1]))
    pantry.ingredient("Stone fruit", "each")
    assert check(["2 stone fruit"])["lines"][0]["state"] == "taken"


def test_a_text_of_all_ingredients_is_never_one_sure_line(pantry: Kitchen) -> None:
    """The other ingredients would be lost in the notes."""
    told = problems(lambda: record(["300 g plain flour, 1 egg, 100 g butter"], create_missing=True))
    assert told["line 1"].startswith("the line contains another amount; ")


def test_a_preview_says_that_the_recipe_is_there_already(pantry: Kitchen) -> None:
    """If the call names that recipe to change, or another slug, nothing stands in the way."""
    made = record(["5 g salt"])
    assert check(["5 g salt"])["taken_slug"] == "rolls"
    with read_scope() as session:
        for more in ({"slug": "other"}, {"recipe_id": made["recipe_id"]}):
            assert "taken_slug" not in check_recipe_page("Rolls", ["5 g salt"], session=session, **more)  # type: ignore[arg-type]
    for call in (check, record):
        told = problems(lambda call=call: call(["5 g salt"], names={"salt": pantry.ids["Milk"]}))
        assert told == {"names": "'salt' is already the slug of an item; choose another name"}


def test_the_same_operation_again_changes_nothing(pantry: Kitchen) -> None:
    """The id is the same; under another id the page would be a second recipe of that name, which is refused."""
    key = "019aa000-0000-7000-8000-000000000001"
    first = record(["5 g salt"], more={"operation_id": key})
    assert record(["5 g salt"], more={"operation_id": key}) == first
    with pytest.raises(ConflictError, match="there is already a recipe 'rolls'"):
        record(["5 g salt"])
    changed = record(["6 g salt"], more={"recipe_id": first["recipe_id"]})
    assert changed["slug"] == "rolls"
    assert pantry.rows("SELECT quantity FROM recipe_line") == [("6",)]


@pytest.mark.parametrize(
    ("choices", "field"),
    [
        ({"accepted": [3]}, "choices.accepted"),
        ({"left_out": ["1"]}, "choices.left_out"),
        ({"ranges": "middle"}, "choices.ranges"),
        ({"said": {1: {"item_id": 1, "quantity": 0, "unit": "g"}}}, "choices.said[1].quantity"),
        ({"said": {1: {"item_id": 1, "quantity": 1, "unit": "clove"}}}, "choices.said[1].unit"),
        ({"makes": {"finished_unit_id": 1, "quantity": Fraction(1, 3)}}, "choices.makes.quantity"),
        ({"guess": True}, "choices.guess"),
        ({"create_missing": 1}, "choices.create_missing"),
    ],
)
def test_an_impossible_choice_is_refused(pantry: Kitchen, choices: dict[str, Any], field: str) -> None:
    """The refusal names the choice, before anything is looked up."""
    assert field in problems(lambda: check(["1 g salt", "2 g salt"], **choices))


def test_a_choice_of_a_missing_thing_is_refused(pantry: Kitchen) -> None:
    """An unknown item is refused, and so is a page without any line left."""
    with pytest.raises(ItemNotFoundError):
        check(["1 g salt"], said={1: {"item_id": 999, "quantity": 1, "unit": "g"}})
    assert "every line is left out" in problems(lambda: record(["1 g salt"], left_out=[1]))["lines"]


def test_a_preview_of_many_lines_takes_no_more_statements(pantry: Kitchen) -> None:
    """The number of lines does not change the number of statements."""

    def statements(lines: list[str]) -> int:
        before = statement_count()
        check(lines, without_yield=True)
        return statement_count() - before

    assert statements(["1 g salt"] * 200) == statements(["1 g salt"])


@pytest.mark.parametrize(
    ("texts", "quantity", "what", "doubts"),
    [
        (["Makes 24 cookies"], "24", "cookies", ()),
        (["24", "24 cookies"], "24", "cookies", ()),
        (["Yield: about 2 loaves"], "2", "loaves", ()),
        (["3 dozen buns"], "36", "buns", ()),
        (["Ergibt 1 Brot"], "1", "Brot", ()),
        (["One 9-inch cake"], "1", "cake", ()),
        (["Serves 8"], "8", "", ("servings are not a yield",)),
        (["8 servings"], "8", "servings", ("servings are not a yield",)),
        (["12-14 muffins"], "12", "muffins", ("a range is given",)),
        (["24"], "24", "", ("the yield of a batch is not given",)),
    ],
)
def test_the_yield_of_a_batch_is_read_or_doubted(
    texts: list[str], quantity: str, what: str, doubts: tuple[str, ...]
) -> None:
    """The clearest of several texts counts; servings are not pieces."""
    read, doubtful = parse_yield(texts)
    assert read
    assert (str(read.amounts[0].quantity), read.ingredient, doubtful) == (quantity, what, doubts)


def test_a_page_that_says_nothing_of_its_yield_is_doubted(pantry: Kitchen) -> None:
    """The doubt says how to give the yield; an unknown product has a suggestion."""
    assert parse_yield([" "]) == (None, ("the yield of a batch is not given",))
    assert in_words(check(["1 g salt"]))["makes"]["to_do"] == [
        "the yield of a batch is not given; add --makes '24 SLUG' or --without-yield"
    ]
    found = in_words(check(["1 g salt"], yields=("12 milk rolls",)))
    assert "but roll; add --makes '12 roll'" in found["makes"]["to_do"][0]


@pytest.mark.parametrize(
    ("many", "one"),
    [("cookies", "cookie"), ("loaves", "loaf"), ("brownies", "brownie"), ("pastries", "pastry"), ("brioches", "brioch"),
     ("dishes", "dish"), ("tarts", "tart"), ("Brot", "Brot"), ("glass", "glass")],
)  # fmt: skip
def test_a_new_product_is_named_in_the_singular(many: str, one: str) -> None:
    """This works as far as English spelling allows."""
    assert one_of(many) == one
