"""``--used`` and ``--also``: what was really used and what else came out, on the command line."""

import pytest

from support.command_line import CommandLine
from support.kitchen import Kitchen

pytestmark = pytest.mark.one_database


@pytest.fixture
def bun(kitchen: Kitchen) -> Kitchen:
    """A bun of 100 ml cream, of which there are two lots, and milk."""
    kitchen.ingredient("Cream", "ml")
    kitchen.ingredient("Milk", "ml")
    kitchen.recipe("Bun", {"Cream": (100, "ml")}, {"A bun": 1})
    kitchen.good("Bag", {"A bun": 1})
    for code in ("EARLY", "LATER NO 2"):
        kitchen.receive("Cream", 200, "ml", 2, lot_code=code)
    kitchen.receive("Milk", 200, "ml", 1, lot_code="MILK")
    return kitchen


def test_a_lot_is_named_replaced_and_corrected(bun: Kitchen, bake: CommandLine) -> None:
    """A code may have blanks; a reason follows *because*; the policy takes over again."""
    done = bake("produce", "bun", "1", "--yield", "1", "--used", "120 ml lot:LATER NO 2")
    assert "used 120 ml from LATER NO 2, cost 1.20" in done.out
    milk = "0.1 l lot:MILK instead-of:cream because it was sour"
    assert bake("check", "produce", "bun", "1", "--used", milk).code == 0
    done = bake("correct", "production:1", "--used", milk, "--reason", "it was milk")
    assert "Corrected what was used" in done.out
    assert "milk from MILK instead of cream: it was sour" in done.out
    done = bake("correct", "production:2", "--by-policy", "--reason", "no, cream")
    assert "used 100 ml from EARLY, cost 1.00" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--used", "120 ml LATER NO 2"), "write it like"),
        (("--used", "120 lot:EARLY"), "cannot read '120'"),
        (("--used", "120 ml lot:NOWHERE"), "NOWHERE"),
        (("--used", "120 ml lot:MILK"), "instead_of"),
    ],
)
def test_what_cannot_be_read_is_refused(bun: Kitchen, bake: CommandLine, words: tuple[str, ...], said: str) -> None:
    """The refusal shows how to write it."""
    done = bake("produce", "bun", "1", "--yield", "1", *words)
    assert done.code != 0
    assert said in " ".join((done.out + done.err).split())
    assert bun.stock("Cream") == 400


def test_a_correction_says_what_to_correct(bun: Kitchen, bake: CommandLine) -> None:
    """A correction of nothing is refused, and so is one in both ways at once."""
    bake("produce", "bun", "1", "--yield", "1")
    assert bake("correct", "production:1", "--reason", "x").code == 2
    assert bake("correct", "production:1", "--reason", "x", "--by-policy", "--used", "1 ml lot:EARLY").code == 2


def test_a_box_takes_the_named_lot(bun: Kitchen, bake: CommandLine) -> None:
    """The check takes it too."""
    made = [bun.produce("Bun", "A bun", 1, 1)["lot_code"] for _ in range(2)]
    assert bake("check", "assemble", "bag", "1", "--used", f"1 each lot:{made[1]}").code == 0
    assert f"from {made[1]}" in bake("assemble", "bag", "1", "--used", f"1 each lot:{made[1]}").out


def test_two_products_come_out_of_one_dough(kitchen: Kitchen, bake: CommandLine) -> None:
    """The dough is taken once; a share can be stated."""
    kitchen.ingredient("Dough")
    kitchen.item("finished_unit", "Scraps", "g")
    kitchen.recipe("Lam", {"Dough": (2, "kg")}, {"Croissant": 20, "Scraps": 500})
    kitchen.receive("Dough", 4, "kg", 8)
    run = ("produce", "lam", "1", "--yield", "10", "--unit", "croissant", "--also")
    done = bake(*run, "0.25 kg scraps")
    assert "also 250, planned 250 as lot scraps-" in done.out
    assert "cost 2.00" in done.out
    done = bake("correct", "production:1", "--also", "100 g scraps share:1/4", "--reason", "weighed", "--json")
    assert [one["share"] for one in done.json["production"]["outputs"]] == ["3/4", "1/4"]
    assert (kitchen.stock("Dough"), kitchen.stock("Scraps")) == (2_000, 100)
    assert bake(*run, "0.25 kg cream").code == 1
    assert bake(*run, "scraps").code == 2


def test_a_third_of_a_batch(bun: Kitchen, bake: CommandLine) -> None:
    """``--scale 1/3``; a part of a batch without it is refused with the way to write it."""
    assert "planned 1 " in bake("produce", "bun", "3", "--yield", "1", "--scale", "1/3").out
    done = bake("produce", "bun", "1.5", "--yield", "1")
    assert (done.code, "use 1 batch and --scale 1.5" in done.err) == (1, True)
    assert "use 1 batch and --scale 1/3" in bake("check", "produce", "bun", "1/3").err


def test_a_bare_number_of_a_recipe_is_refused(bun: Kitchen, bake: CommandLine) -> None:
    """A line uses batches, a weight or a volume of another recipe."""
    done = bake("recipe", "add", "Tart", "--line", "60 bun")
    assert (done.code, "'1/2 batch bun'" in " ".join(done.err.replace("│", " ").split())) == (2, True)


def test_products_come_out_together(bun: Kitchen, bake: CommandLine) -> None:
    """Case by case: saved with shares, baked, listed, and made alternatives again."""
    bake("item", "add", "finished_unit", "Scraps", "--unit", "g")
    made = ("--makes", "2 a-bun share:3/4", "--makes", "0.1 kg scraps share:1/4")
    assert "by weight" not in bake("recipe", "add", "Lam", "--line", "100 ml milk", *made, "--together").err
    refused = bake("produce", "lam", "1", "--unit", "a-bun", "--yield", "2")
    assert "scraps is missing; give 0 if nothing of it came out" in refused.err
    done = bake("produce", "lam", "1", "--unit", "a-bun", "--yield", "2", "--also", "100 g scraps")
    assert "planned 100 as lot scraps-" in done.out
    assert "2 A buns and 100 g of Scraps" in bake("runs").out
    assert "2 a-buns and 100 g of scraps" in bake("cost", "lam").out
    assert "makes 2 a-bun or 100 g scraps" in bake("recipe", "makes", "lam", "2 a-bun", "100 g scraps").out
    assert (
        "the weight of a-bun is not known" in bake("recipe", "makes", "lam", "2 a-bun", "9 g scraps", "--together").err
    )


def test_a_sub_recipe_is_taken_by_weight(bun: Kitchen, bake: CommandLine) -> None:
    """It is a part of the weight of its ingredients; a missing weight is named."""
    refused = bake("recipe", "add", "Tart", "--line", "60 g bun")
    assert "bun: the weight of one batch is not known" in refused.err
    bake("measure", "milk", "--volume", "100 ml", "--weighs", "103 g", "--source", "our scale")
    bake("recipe", "add", "Glaze", "--line", "1 l milk")
    assert bake("recipe", "add", "Tart", "--line", "103 g glaze", "--makes", "1 a-bun").code == 0
    assert "used 100 ml from MILK" in bake("produce", "tart", "1", "--yield", "1").out
