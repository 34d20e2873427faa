"""Ingredient lines with a second possible meaning, and lines that only look as if they had one."""

import pytest

from bake_tracker.domain.recipe_text.lines import parse_line
from bake_tracker.domain.recipe_text.names import NamedItems
from bake_tracker.domain.recipe_text.page import Decisions, plan_page
from bake_tracker.domain.recipes.quantities import Item


@pytest.mark.parametrize(
    ("line", "doubt"),
    [
        ("1-12 tbsp milk", "a range is given"),
        ("Potatoes", "no quantity is given"),
        ("toasted pecans", "no quantity is given"),
        ("brown sugar", "no quantity is given"),
        ("cup onions", "no quantity is given"),
        ("Top with whipped cream (optional)", "no quantity is given"),
        ("Topping (optional)", "no quantity is given"),
        ("keep the stalks for a stock", "the name reads like a sentence"),
        ("1 hr", "no ingredient is named"),
        ("24-cup muffin pan", "no ingredient is named"),
        ("1 banana bread recipe", "no ingredient is named"),
        ("Heat oven to 180C", "no ingredient is named"),
        ("200 g beef into cubes", "the name reads like a sentence"),
        ("1/3 cup parsley juice of half a lemon", "the line contains another amount"),
        ("1 shallot, minced Zest of 1/2 orange", "the line contains another amount"),
        ("1 leek, sliced 2 cups rice", "the line contains another amount"),
        ("2 aubergines flame grilled", "the name may go on"),
        ("4 oz cream cheese-softened", "the name may go on"),
        ("2 cups milk-lukewarm", "the name may go on"),
        ("1 tbsp parsleyoptional", "the name may go on"),
        ("1 tsp SaltPepper", "the name may go on"),
        ("1 cup Ann's homemade, tomato sauce", "the name may go on"),
        ("2 tbsp herbs (dill, mint) chiffonade", "the name may go on"),
        ("1 cup carrot, leek and celeriac", "several ingredients are named"),
        ("1 can tomatoes with basil, garlic, and oregano", "several ingredients are named"),
        ("2 tbspswhipped cream", "the name may begin with a unit"),
        ("3 m sausage casing", "the name may begin with a unit"),
        ("1 c di zenzero", "the name begins with a unit"),
        ("2, 5 kg pork", "the name contains a number"),
        ("1 to 2 3-pound chickens", "the name contains a number"),
        ("2 - 3 oz boxes pudding", "the second number may be the size of one package"),
        ("1 can tomatoes, 14 oz, drained", "the bracket may be the size of one package or of all"),
        ("3 tbsp vegetable, sunflower, or canola oil", "the line offers an alternative"),
        ("1 cup Greek 0% plain or vanilla", "the line offers an alternative"),
        ("1 can cream of celery or mushroom soup", "the line offers an alternative"),
        ("2 green/red or dried chillies", "the line offers an alternative"),
        ("salt, sugar", "no quantity is given"),
        ("Butter for 2 tins", "no quantity is given"),
        ("Fry it in oil for a while.", "no quantity is given"),
        ("0 g salt", "the quantity is 0"),
        ("1 cup corn or extra light olive oil blend", "the line offers an alternative"),
        ("2 handfuls oats", "stock is not kept by the handful"),
        ("a splash of rum", "stock is not kept by the splash"),
        ("sprigs of dill", "no number is given; read as 1"),
        ("Stalk leek, washed: 2", "no number is given; read as 1"),
        ("1/2 can coconut milk 13 oz can", "the bracket may be the size of one package or of all"),
        ("100 g chickpea paste (1/2 cup) Special", "the name may go on"),
        ("Serves 4", "no ingredient is named"),
        ("2 chickpeas", "the unit may be missing"),
        ("1/3 fish sauce", "the unit may be missing"),
        ("1 jar that holds the dough", "the name reads like a sentence"),
        ("2 bell pepperdiced", "the name may go on"),
        ("2 vanille zakje", "the name may begin with a unit"),
        ("1/2 poundseedless melons", "the name may begin with a unit"),
        ("1 kesica vanilin secera", "the name begins with a unit"),
        ("1 package", "the name may begin with a unit"),
        ("Zutaten 4", "no ingredient is named"),
        ("Group 1", "no quantity is given"),
        ("Pinch chili Pinch Salt", "the line contains another amount"),
        ("1 cup soy, almond or rice milk", "the line offers an alternative"),
        ("1 beef / lamb or pork sausage", "the line offers an alternative"),
        ("1 pound small, waxy", "only a description of the ingredient is given"),
        ("1 bussel dille", "the name begins with a unit"),
        ("2 lb firm-fleshed, orange squash", "only a description of the ingredient is given"),
        ("Pepper to taste (I used a good 1/2 tsp)", "no quantity is given"),
        ("1 cup ranch or blue cheese dressing", "the line offers an alternative"),
        ("2 cans (400 g) tomatoes", "the bracket may be the size of one package or of all"),
        ("8 oz (500 g) butter", "the amounts contradict each other"),
        ("1,250 g flour", "1,250 may mean 1.250"),
        ("100/120 g flour", "100/120 may be two amounts"),
        ("100 g butter, plus 1 tbsp for the tin", "the line contains another amount"),
        ("6 Kugeln Mozzarella je 25 g", "the line contains another amount"),
        ("1/2 tsp each ginger and nutmeg", "the amount is for each of several ingredients"),
        ("a couple of eggs", "'a couple' is read as 2"),
        ("2 cups", "no ingredient is named"),
        ("3 minus 1 eggs", "the name contains a number"),
        ("350°F water", "the name contains a mark"),
        ("1 thing that only my old aunt ever buys herself", "the name is long"),
        ("300 g flour, 1 egg, 100 g butter", "the line contains another amount"),
        ("300 g flour; 2 eggs", "the line contains another amount"),
        ("300 g flour - 1 egg - 100 g butter", "the line contains another amount"),
        ("300 g flour, sifted, 1 egg", "the line contains another amount"),
        ("1 packet (2¼ tsp instant dry yeast)", "the line contains another amount"),
        ("100ggg flour", "letters follow the number directly: ggg"),
        ("1st egg", "letters follow the number directly: st"),
        ("100 of sugar", "no unit is given"),
        ("2 tazas de harina", "the name begins with a unit"),
        ("1 xícara (chá) de açúcar", "the name begins with a unit"),
        ("1 (6-oz) cup peanut butter chips", "the name begins with a unit"),
        ("2 dunke af tomater de luxe", "the name may begin with a unit"),
        ("1 (15 to 20 oz) can crushed pineapple", "the name may begin with a unit"),
        ("1/4 teaspoon kosher", "only a description of the ingredient is given"),
        ("4 kopp vit mjöl", "the name begins with a unit"),
        ("2 teaspoons red, white, and pink sprinkles", "only a description of the ingredient is given"),
        ("1 lb chicken cooked shredded breast", "the name may go on"),
        ("7x5-inch Baking Dish", "the number may be a size"),
        ("11/2 cups flour", "11/2 may mean 1 1/2"),
        ("1 pinch salt and pepper", "two ingredients are named"),
        ("2 blokjes kaas", "the name may begin with a unit"),
        ("1 Bdl. Schnittlauch", "the name may begin with a unit"),
        ("2 tablespoos cumin", "the name may begin with a unit"),
        ("3 φλιτζάνια αλεύρι", "the name begins with a unit"),
        ("2 стакана муки", "the name begins with a unit"),
        ("2 sticks cinnamon", "only a stick of butter has a fixed weight"),
        ("4 chops bone in", "the name may go on"),
        ("1 TBSaTablespoon oil", "the name may begin with a unit"),
        ("¾ recept vulling", "the name begins with a unit"),
        ("1 long-stemmed, for the top", "only a description of the ingredient is given"),
        ("1 wheel Brie", "the name may begin with a unit"),
        ("2 but firm pears", "the name may begin earlier"),
        ("1 parsnip / sweet potato", "the line offers an alternative"),
        ("1/4 cup one of these: rum", "the name contains a number"),
        ("2 sheets filo (100 g)", "the bracket may be the size of one package or of all"),
        ("2 cans (about 400 g) tomatoes", "the bracket may be the size of one package or of all"),
        ("8 oz butter (500 g)", "the amounts contradict each other"),
        ("1 cup stock, 1 cup diced carrots", "the line contains another amount"),
        ("2 meias xícaras de leite", "the name may begin with a unit"),
        ("150 gsmør", "the name may begin with a unit"),
        ("3 blaadjesmunt", "the name may begin with a unit"),
        ("80 grapes", "the name may begin with a unit"),
        ("1 stem ginger", "the name begins with a unit"),
        ("1 bakje frambozen", "the name begins with a unit"),
        ("Two ½-inch thick slices ham", "the name may begin with a unit"),
        ("2 c. de mel", "the name begins with a unit"),
        ("1 1-inch knob ginger", "the name may begin with a unit"),
        ("2 ml (1 tsp) rum", "the amounts contradict each other"),
        ("1/4 sea salt", "the unit may be missing"),
        ("40 Puderzucker", "the unit may be missing"),
    ],
)
def test_a_second_possible_meaning_is_a_doubt(line: str, doubt: str) -> None:
    """A line with a doubt is not sure."""
    read = parse_line(line)
    assert doubt in read.doubts
    assert not read.is_sure


@pytest.mark.parametrize(
    "line",
    [
        "2 carrots, cut into 1-inch pieces",
        "1 egg, at room temperature for 30 minutes",
        "1 cup flour, 2 tbsp reserved",
        "2 cups flour, 240 g",
        "1 onion, chopped, 1 cup",
        "2 limes, juice of 2 limes",
        "1 cup lemon juice (roughly 8 lemons)",
        "1 banana, mashed, about 1/2 cup",
        "500 g beef, simmered, 2 hours",
        "1 lb ground beef (80/20)",
        "2 cups spinach (about 60 g packed)",
        "2 lb potatoes, peeled, 1 inch thick",
        "1 tbsp brown sugar (can be substituted with honey)",
        "1/8 tsp cloves",
        "3x eggs",
        "2 tbsp olive oil, plus a little more for the pan",
        "1 egg, one half reserved",
        "2 lb (1 kg) potatoes",
        "6 tbsp butter (½ stick very soft)",
        "1 tsp garlic, minced or pushed through a sieve",
        "12 grapes",
        "1 leek, white and green parts",
        "1 chile, stem and seeds removed",
        "1 large egg white, room temperature",
        "80 pieces gumdrops",
        "6 flour tortillas",
        "1 Stück Butter",
        "1 tsp 茶匙 sea salt",
    ],
)
def test_a_number_that_is_no_other_ingredients_amount_leaves_a_line_sure(line: str) -> None:
    """A size, a time, a part of the same thing or the same amount in another unit."""
    assert parse_line(line).is_sure


@pytest.mark.parametrize(
    ("line", "settled"),
    [
        ("2-3 tbsp milk", "a range is given"),
        ("salt, to taste", "no quantity is given"),
        ("Pepper", "no quantity is given"),
        ("1 lb peas fresh or frozen", "the line offers an alternative"),
        ("parsley, to serve", "no quantity is given"),
        ("some nuts", "no quantity is given"),
        ("grana a piacere", "no quantity is given"),
        ("соль по вкусу", "no quantity is given"),
        ("olio per friggere", "no quantity is given"),
        ("1 oz gouda, cheddar or edam", "the line offers an alternative"),
        ("a little honey", "no quantity is given"),
        ("Salt and freshly ground black pepper", "no quantity is given"),
        ("1 cup butter or margarine", "the line offers an alternative"),
        ("1 carrot / parsnip", "the line offers an alternative"),
        ("200 g harina o maicena", "the line offers an alternative"),
        ("200 g Quark bzw. Joghurt", "the line offers an alternative"),
        ("100 g comté râpé ou gruyère", "the line offers an alternative"),
        ("1 cup honey or brown rice syrup", "the line offers an alternative"),
        ("2 leeks or sweet onions", "the line offers an alternative"),
        ("1 tbsp rum or another dark spirit", "the line offers an alternative"),
        ("2 cloves garlic", "stock is not kept by the clove"),
        ("½ a bunch of parsley", "stock is not kept by the bunch"),
        ("4 skivor vitt bröd", "stock is not kept by the slice"),
        ("1 packet yeast", "stock is not kept by the package"),
        ("bunch of dill", "stock is not kept by the bunch"),
    ],
)
def test_a_rule_settles_what_a_clear_line_leaves_open(line: str, settled: str) -> None:
    """The line has one meaning, so nobody is asked about it; the preview says what was done."""
    read = parse_line(line)
    assert settled in read.settled
    assert read.is_sure


@pytest.mark.parametrize("name", ["cinnamon & sugar", "rød chili", "oat milk"])
def test_an_item_in_the_catalogue_settles_what_its_name_means(name: str) -> None:
    """A blend is one item, and the first word of a known name is no unit."""
    item = Item(1, "ingredient", "known", name, "each")
    known, made = NamedItems.of([item], {}), NamedItems.of([], {})
    (line,) = plan_page([f"2 {name}"], [], known, made, Decisions()).lines
    assert line.read.doubts
    assert (line.state, line.item) == ("taken", item)


def test_a_known_first_name_does_not_hide_the_names_behind_it() -> None:
    """The amount is of all of them, so a person says what each is."""
    item = Item(1, "ingredient", "celery", "Celery", "each")
    known, made = NamedItems.of([item], {}), NamedItems.of([], {})
    (line,) = plan_page(["2 celery, onion and parsley"], [], known, made, Decisions()).lines
    assert line.state != "taken"


def test_letters_behind_a_number_are_never_part_of_a_name() -> None:
    """They are kept as a note, so that a person who accepts the line adds no such item."""
    read = parse_line("100ggg flour")
    assert (read.ingredient, read.note) == ("flour", "ggg")
