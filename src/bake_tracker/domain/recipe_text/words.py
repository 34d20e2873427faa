"""The words in recipe lines: numbers, preparations and descriptions."""

from fractions import Fraction

NUMBERS = {
    word: Fraction(value)
    for value, words in {
        "1/2": "half halbe halber halbes demi demie meia media halv halve",
        "1": "a an one ein eine einen einer un une",
        "2": "two zwei deux",
        "3": "three drei trois",
        "4": "four vier quatre",
        "5": "five fünf cinq",
        "6": "six sechs",
        "7": "seven",
        "8": "eight acht",
        "9": "nine",
        "10": "ten zehn",
        "12": "twelve zwölf",
    }.items()
    for word in words.split()
}

UNTOLD = frozenset({"few", "some", "several", "etwas", "einige", "quelques"})
"""Words in place of a number that give no number."""

UNTOLD_BEHIND_A = UNTOLD | {"little", "bit"}


def words_in(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


ABOUT = words_in(
    "ok około aprox about approx approximately roughly around circa ca etwa ungefähr environ scant heaped heaping "
    "rounded level generous good nice hefty ~ plm gestrichen gestrichene gestrichener gehäuft gehäufte gehäufter"
)

SIZES = words_in(
    "grosse grosses moyen moyenne moyens moyennes mała małe mały małych duża duże duży średnia średnie średni "
    "pequeño pequeña pequeños pequeñas grande grandes mediano mediana medianos medianas pequeno pequenos stor stora "
    "large medium small big whole jumbo lg med sm smallish largish extra-large medium-sized large-sized small-sized "
    "small-to-medium medium-large tiny giant große großer großes kleine kleiner kleines mittelgroße mittelgroßer "
    "mittlere gros grote middelgrote flinke"
)

LINKS = frozenset({"of", "de", "d'", "du", "des", "von", "di", "af"})

ANDS = frozenset({"and", "&", "und", "et"})

ARTICLES = frozenset({"a", "an", "the", "l'", "la", "le"})

PREPARED = words_in(
    "weight dissolved combined soaked boned chopped sliced diced minced grated shredded melted softened sifted "
    "packed beaten toasted peeled cored pitted cubed mashed chilled cooled warmed quartered halved drained rinsed "
    "crumbled separated zested juiced seeded boneless skinless cold warm lukewarm hot boiling ripe overripe finely "
    "roughly coarsely freshly lightly thinly thickly firmly loosely well very cut weiche weich kalte warme lauwarme "
    "lauwarmes gehackte geschmolzene zerlassene fondu mou ramolli tempered crushed slivered trimmed washed haché "
    "hachée hachés hachées râpé râpée fondue ciselé ciselée room-temperature squeezed ice-cold smashed torn flaked "
    "cleaned halbiert geviertelt pounded pressed shelled deveined husked stemmed deseeded defrosted thawed whisked "
    "lauwwarm lauwwarme tightly partially slightly barely gently your favorite favourite preferred any"
)
"""Ways to prepare an ingredient; on the shelf it is the same ingredient."""

PROCESSED = words_in("chopped sliced diced minced grated shredded crushed peeled pitted cubed mashed halved quartered")
"""Of these, the ways that are part of the ingredient if it comes in a package: a can of diced tomatoes."""

PREPARED_BEHIND = words_in(
    "unpeeled scalded picked scrubbed strained steamed sauteed sautéed julienned unwrapped undrained scraped tossed "
    "reserved removed destemmed sieved unsifted tiède tièdes froid froide froids froides chaud chaude chauds chaudes "
    "finement fraîchement grossièrement légèrement finamente picado picada picados picadas cortado cortada cortados "
    "cortadas ralado ralada rallado rallada moído moída troceado troceada tritato tritata grattugiato grattugiata "
    "hakket finhakket hackad hackade finhackad revet gehakt gesneden fijngehakt fijngesneden geraspt gesmolten "
    "gehackt gerieben gewürfelt geschält geschmolzen émincé émincée émincés émincées coupé coupée coupés coupées "
    "épluché épluchée épluchés épluchées pelado pelada pelados peladas rebanado rebanada rebanados rebanadas lavado "
    "lavada lavados lavadas derretido derretida"
)
"""The same in languages that say it behind the name."""

_PRODUCTS = {
    "hot": "sauce|dog|dogs|paprika|pepper|peppers|chili|chile|chilli|fudge|chocolate|cocoa|mustard|curry|italian|"
    "smoked|honey|cherry|salsa|madras",
    "cold": "brew|cuts|smoked|pressed",
    "minced": "beef|pork|lamb|turkey|chicken|meat|veal",
    "crushed": "tomatoes|tomato|pineapple|red pepper|chili|chilli|ice",
    "toasted": "sesame oil",
    "mashed": "potatoes|potato",
    "shredded": "wheat",
    "boiling": "potatoes|onions",
    "gros": "sel",
    "ras": "el",
    "steel": "cut",
    "short": "cut",
    "straight": "cut",
    "center": "cut",
    "thick": "cut",
    "thin": "cut",
}

PRODUCTS = frozenset((first, *rest.split()) for first, ends in _PRODUCTS.items() for rest in ends.split("|"))
"""Products whose names begin like a preparation."""

ENDS = words_in(
    "adjust adjusted omit facultatif facultative optionnel optionnelle opcional opzionale optioneel valgfritt "
    "valfritt fakultativ aus for to plus such about preferably optional divided from until as if at zum zur für nach "
    "pour au like using ideally see according depending sowie je + para em til till voor i aka by"
)
"""Words that end an ingredient's name."""

PREPOSITIONS = words_in(
    "σε και στο στα στη στον χωρίς με για y och og but is up equals en in into with without on over by under through "
    "out off then and & und et or oder ou mit ins de"
)
"""Words that cannot begin the name of an ingredient."""

DESCRIPTIONS = words_in(
    "good best less-sodium lower-sodium purchased bought prepared pieces quality fatty meaty waxy floury starchy "
    "crumbly day-old ready-made ready-rolled precooked pre-cooked unpeeled unripe seedless pasteurized pasteurised "
    "unpasteurized extra-virgin aged mixed assorted additional boxed bottled virgin refined unrefined toasted hulled "
    "skinless boneless low-sodium high-protein dairy-free gluten-free fresh unsalted salted whole leftover "
    "unsweetened sweetened raw frozen organic plain red white pink green black yellow brown dark light sweet sour "
    "bitter dry dried lean fat low-fat full-fat reduced-fat nonfat fat-free good-quality best-quality high-quality "
    "store-bought homemade natural pure extra baby new old young tender thick thin fine coarse heavy soft hard firm "
    "mild spicy smoked cooked uncooked roasted canned tinned american-style bone-in skin-on free-range crisp crunchy "
    "juicy bubbly active plump tart flaky creamy chunky smooth instant rich sharp mature strong full crusty stale mini "
    "tiny petite short straight fluffy neutral bittersweet semisweet semi-sweet vegan vegetarian wild unflavored "
    "unflavoured unbleached bleached flat round rough leafy sturdy hearty warm kosher grob grobe fein feine frische "
    "frischer frisches frischen frais fraîche"
)
"""Words that describe an ingredient but do not name one."""

DESCRIBING_ENDS = tuple(
    f"-{end}"
    for end in words_in(
        "salt stemmed lean sodium fat free sugar style quality size sized bought made fed caught grown cut skin ripe "
        "cooked baked roasted salted raised grade"
    )
)
"""How longer describing words end: ``low-sodium``, ``oven-roasted``."""

KEEPING = words_in("canned tinned jarred frozen dried dehydrated freeze-dried")
"""Words that make the preparation behind them part of the ingredient: ``frozen chopped spinach``."""

SEASONINGS = words_in(
    "salt pepper peppercorns water oil spray parsley cilantro basil thyme rosemary oregano dill mint chives paprika "
    "cinnamon nutmeg cumin cayenne flakes seasoning salz pfeffer wasser öl petersilie schnittlauch muskat muskatnuss "
    "sel poivre eau huile persil sale pepe acqua olio prezzemolo basilico rosmarino sal pimienta pimenta agua água "
    "aceite azeite perejil zout peper water olie salt peppar vatten olja pepper vann vand sól pieprz woda olej sůl "
    "pepř só sol soli bors соль перец вода αλάτι πιπέρι"
)
"""What a recipe names without an amount because a cook takes it from the shelf."""

SHARING = words_in(
    "almond apple avocado beef canola cane cashew cherry chicken coconut corn flax grape grapeseed hazelnut hemp "
    "lemon lime maple agave oat olive orange peanut pecan poppy pork potato quinoa russet sea sesame soy spelt "
    "sunflower turkey vegetable veggie walnut wheat jasmine basmati cremini crimini portobello button cheddar colby "
    "monterey mozzarella swiss dijon pinto navy cannellini kidney spanish vidalia raspberry strawberry blueberry "
    "blackberry rapeseed ranch caster superfine turbinado granulated muscovado demerara powdered balsamic buckwheat "
    "rye cider"
)
"""Words before an alternative that probably share its noun: ``canola or olive oil``."""

SHARED_NOUNS = words_in(
    "oil sugar milk stock broth mushrooms mushroom wine vinegar onion onions pepper peppers potatoes potato tomatoes "
    "tomato cheese chocolate juice cream yogurt yoghurt rice pasta noodles beans lentils nuts seeds bread syrup "
    "sauce paste powder chips steak sausage sausages apples berries lettuce cabbage squash leaves extract olives "
    "grapes oats peas soup soups dressing mix mixture filling meat crumbs jam preserves pudding dough"
)
"""Nouns that a first alternative may leave to the second: ``portobello or button mushrooms``."""

WHOLE_NAMES = words_in("butter margarine oil salt sugar flour honey water shortening lard yogurt yoghurt syrup juice")
"""Nouns that are seldom the first word of another name: ``butter or olive oil`` is butter, ``corn or olive oil`` "
"is not."""

UNCOUNTED = words_in(
    "salt sugar flour water milk butter margarine oil cream cinnamon nutmeg yeast rice honey powder soda vinegar "
    "juice syrup molasses cocoa starch cornstarch cornflour extract semolina salz zucker mehl wasser milch öl sahne "
    "zimt hefe reis honig pulver essig stärke grieß sel sucre farine eau lait beurre huile crème cannelle levure riz "
    "miel fécule sauce broth stock paste mustard mayonnaise mayo ketchup puree seasoning bouillon brühe"
)
"""What nobody counts: a bare number of it has lost its unit."""

MORE_OF_IT = words_in("additional more extra some")
"""Words for more of the same, for another purpose."""

BEGINNINGS = words_in(
    "preheat combine mix stir add bake cook boil bring heat place pour wrap top keep use click see read watch pin "
    "print follow get make serve sprinkle spread put let leave remove cover suitable receta recette ricetta"
)
"""Words that begin an instruction, an advert or a title, not an ingredient's name, if no amount is before them."""

TITLES = words_in(
    "topping toppings garnish garnishes filling frosting glaze icing dressing sauce crust base marinade extras fixings "
    "add-ins add-ons mix-ins seasoning decoration assembly equipment recipe recipes"
)
"""Words that, alone, are more likely a heading than an ingredient."""

TOOLS = words_in("pan pans skillet oven pot pots mold molds mould moulds cutter cutters thermometer toothpicks skewers")
"""What a cook needs and no recipe uses up."""

HEADINGS = words_in(
    "ingredients ingredient ingrédients ingredienti ingredientes zutaten ingrediënten ingredienser składniki "
    "ingrediencie ingredience sastojci ингредиенты υλικά directions instructions method preparation zubereitung"
)
FOR = words_in("for für pour para per voor till til för do")
THE = words_in("the den die das la le les el los il lo gli i l' de het")
"""``For the dough`` is a heading, in the languages that are read."""

NUMBERED = words_in(
    "group step part layer option day stage note recipe page section mix batch phase teil schritt gruppe type typ "
    "tipo no nr version method chapter figure photo size number"
)
"""Words whose number is a label, not a quantity."""
OUT_OF = words_in("from od z ze av van fra aus от из από")
"""Between a part and its fruit: ``sok od 1 limuna``."""
TASTES = words_in("piacere gusto wahl geschmack belieben goût vkusu smaku smaak smag smak chuti ízlés вкусу choice b n")
BEFORE_TASTES = words_in("a al au q c à nach naar po do podle według efter по")

YIELDS = words_in("makes make serves yield yields servings serving ergibt portionen personen")
"""Words that name what a recipe makes, not what it needs."""

GRAINS = words_in(
    "beans peas lentils chickpeas oats seeds crumbs breadcrumbs flakes sprinkles raisins currants almonds walnuts "
    "pecans peanuts nuts cashews berries blueberries raspberries linsen erbsen bohnen haferflocken rosinen"
)
"""Small things that come by weight or volume: one or two of them have lost their unit."""

CLAUSES = words_in(
    "the together that which who whose you i we is are was were will should can has have it they this into onto still "
    "your my our their its works acts"
)
"""Words of a sentence, which no name of an ingredient has."""

PARTS = words_in("juice zest rind peel saft schale abrieb jus zeste zestes")
"""What is taken of a whole fruit: ``juice of half a lemon``."""

SHAPES = words_in("trozos pedazos cuartos cubos rodajas dados dés rondelles lamelles morceaux tranches quartiers cubes")
"""Shapes to cut into, behind ``en`` or ``in``."""

NOT_AN_INGREDIENT = words_in(
    "min mins minute minutes hour hours hr hrs day days week weeks month months second seconds sec degree degrees "
    "percent times time ways way parts part mm reserved divided total each set removed more extra additional per "
    "thick long wide old minuten stunden heures jours"
)
"""Words behind a number that is not the amount of another ingredient."""

OTHERS = words_in("and/or or oder bzw ou o vagy eller oppure nebo alebo lub ili или veya tai või")

BULLETS = frozenset("+>»★•-–—*＊▢☐□·●○◦✓‣▪♥")

FOOTNOTES = frozenset("*†‡®™©")
"""Marks behind a name that are no part of it."""

RANGE_MARKS = frozenset({"-", "–", "—", "to", "bis", "à", "or", "oder", "ou"})

SUM_MARKS = frozenset({"plus", "+", "and", "&", "und", "et"})

SAME_MARKS = frozenset({"/", "|", "=", "or", "oder", "ou"})
