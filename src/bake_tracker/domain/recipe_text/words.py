"""The words in recipe lines: numbers, units, counting words and descriptions."""

from fractions import Fraction

Measure = tuple[str, Fraction]
"""A unit's name, and how many of it the word means."""

_ONE = Fraction(1)

NUMBERS = {
    word: Fraction(value)
    for value, words in {
        "1/2": "half halbe halber halbes demi demie",
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

# European spoons are metric; the ledger's are US customary.
_UNITS = {
    "g": "g|gr|grs|gram|grams|gramme|grammes|gm|gms|gramm",
    "kg": "kg|kgs|kilo|kilos|kilogram|kilograms|kilogramm|kilogramme",
    "mg": "mg|milligram|milligrams",
    "oz": "oz|ounce|ounces|ozs",
    "lb": "lb|lbs|pound|pounds",
    "stick": "stick|sticks",
    "ml": "ml|mls|millilitre|millilitres|milliliter|milliliters",
    "cl": "cl|centilitre|centilitres",
    "dl": "dl|decilitre|decilitres|deciliter|deciliters",
    "l": "l|ltr|litre|litres|liter|liters",
    "tsp": "tsp|tsps|teaspoon|teaspoons|teasp",
    "tbsp": "tbsp|tbsps|tbs|tbl|tblsp|tbls|tablespoon|tablespoons",
    "cup": "cup|cups|c",
    "fl_oz": "fl oz|floz|fluid oz|fluid ounce|fluid ounces|fl ounce|fl ounces",
    "pint": "pint|pints|pt|pts",
    "quart": "quart|quarts|qt|qts",
    "gallon": "gallon|gallons|gal",
    "pinch": "pinch|pinches|prise|prisen|pincée|pincées",
    "dash": "dash|dashes",
    "each": "ea|each|piece|pieces|pc|pcs|stück|stk|pièce|pièces",
    "inch": "inch|inches",
    "cm": "cm|centimetre|centimetres|centimeter|centimeters",
    "15 ml": "el|esslöffel|cuillère à soupe|cuillères à soupe|c à soupe|c à s|càs|c s",
    "5 ml": "tl|teelöffel|cuillère à café|cuillères à café|c à café|c à c|càc|c c",
    "500 g": "pfund",
    "12 each": "dozen|doz|dutzend|douzaine",
}


def _measure(text: str) -> Measure:
    factor, _, name = text.rpartition(" ")
    return name, Fraction(factor or 1)


UNITS: dict[str, Measure] = {word: _measure(name) for name, words in _UNITS.items() for word in words.split("|")}
CASED_UNITS: dict[str, Measure] = {"T": ("tbsp", _ONE), "t": ("tsp", _ONE), "Tbs": ("tbsp", _ONE)}
LEDGER_UNITS = frozenset(name for name, _ in UNITS.values())
SMALL = frozenset({"pinch", "dash", "prise", "pincée"})
"""Units that mean one if there is no number before them."""
LENGTHS = frozenset({"inch", "cm"})
METRIC_VOLUMES = frozenset({"ml", "cl", "dl", "l"})
UNSETTLED = frozenset({"pint", "quart", "gallon"})
"""Units that are a fifth larger in Britain than in the United States."""
SMALLER = {"lb": "oz", "kg": "g"}
"""The unit that may follow directly: ``1 lb 2 oz``."""

_PACKAGES = {
    "can": "can|cans|tin|tins|dose|dosen|boîte",
    "jar": "jar|jars|glas|pot|pots",
    "package": "package|packages|pkg|pkgs|pkt|pkts|packet|packets|pack|packs|päckchen|pck|packung|paquet|paquets",
    "sachet": "sachet|sachets|envelope|envelopes|beutel",
    "box": "box|boxes|carton|cartons|container|containers|tub|tubs|becher",
    "bag": "bag|bags",
    "bottle": "bottle|bottles|flasche",
    "bar": "bar|bars|tafel|tafeln|tablette|tablettes",
    "block": "block|blocks|brick|bricks",
}
_COUNTED = {
    "clove": "clove|cloves|zehe|zehen|gousse|gousses",
    "slice": "slice|slices|scheibe|scheiben|tranche|tranches",
    "bunch": "bunch|bunches|bund|botte",
    "sprig": "sprig|sprigs|zweig|zweige|brin|brins|branche|branches",
    "handful": "handful|handfuls|handvoll|poignée",
    "head": "head|heads",
    "stalk": "stalk|stalks|rib|ribs|stange",
    "knob": "knob|knobs|noix",
    "drop": "drop|drops|tropfen|goutte|gouttes",
    "sheet": "sheet|sheets|blatt|feuille|feuilles",
    "scoop": "scoop|scoops",
    "splash": "splash|splashes|drizzle|glug|squeeze|schuss|filet",
    "cube": "cube|cubes|würfel",
    "square": "square|squares",
    "spoon": "cc|cs",
    "mug": "tasse|tassen|verre|mug|mugs",
}
PACKAGES = {word: name for name, words in _PACKAGES.items() for word in words.split("|")}
COUNTED = {word: name for name, words in _COUNTED.items() for word in words.split("|")} | PACKAGES
"""Counting words for things that have no fixed weight."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ABOUT = _words(
    "about approx approximately roughly around circa ca etwa ungefähr environ scant heaped heaping rounded level "
    "generous good gestrichen gestrichene gestrichener gehäuft gehäufte gehäufter"
)
SIZES = _words("large medium small big whole jumbo lg med sm extra-large medium-sized extra große kleine gros")
LINKS = frozenset({"of", "de", "d'", "du", "des", "von"})
ARTICLES = frozenset({"a", "an", "the", "l'", "la", "le"})
PREPARED = _words(
    "chopped sliced diced minced grated shredded melted softened sifted packed beaten toasted peeled cored pitted "
    "cubed mashed chilled cooled warmed quartered halved drained rinsed crumbled separated zested juiced seeded "
    "boneless skinless cold warm lukewarm hot boiling ripe overripe finely roughly coarsely freshly lightly "
    "thinly firmly loosely well very cut weiche weich kalte warme lauwarme lauwarmes gemahlene gehackte "
    "geschmolzene zerlassene fondu mou ramolli tempered crushed slivered trimmed washed haché hachée hachés "
    "hachées râpé râpée fondue ciselé ciselée room-temperature squeezed"
)
"""Ways to prepare an ingredient; on the shelf it is the same ingredient."""

ENDS = _words(
    "for to plus such about preferably optional divided from until as if at zum zur für nach pour au like using "
    "sowie je +"
)
"""Words that end an ingredient's name."""

PREPOSITIONS = _words(
    "in into with without on over by under through out off then and & und et or oder ou mit in ins de"
)
"""Words that cannot begin the name of an ingredient."""

DESCRIPTIONS = _words(
    "fresh unsalted salted whole leftover unsweetened sweetened raw frozen organic plain red white pink green black "
    "yellow brown dark light sweet sour bitter dry dried lean fat low-fat full-fat reduced-fat nonfat fat-free "
    "good-quality best-quality high-quality store-bought homemade natural pure extra baby new old young tender thick "
    "thin fine coarse heavy soft hard firm mild spicy smoked cooked uncooked roasted canned tinned american-style "
    "bone-in skin-on free-range kosher grob grobe fein feine frische frischer frisches frischen frais fraîche"
)
"""Words that describe an ingredient but do not name one."""

FOREIGN_UNITS = _words(
    "xícara xícaras xicara xicaras colher colheres taza tazas cucharada cucharadas cucharadita cucharaditas vaso "
    "vasos tazza tazze cucchiaio cucchiai cucchiaino cucchiaini bicchiere bicchieri kop kopje kopjes eetlepel "
    "eetlepels theelepel theelepels lepel lepels msk tsk krm spsk tesked matsked glass glasses dessertspoon "
    "dessertspoons spoonful spoonfuls cupful cupfuls teaspoonful teaspoonfuls tablespoonful tablespoonfuls capful "
    "capfuls gill gills jigger jiggers wineglass teacup teacups ladle ladles stone stones spoon spoons löffel "
    "messerspitze msp gramos gramas grammi grammo mililitros litros litro millilitri recipe recipes paket pakket "
    "pakje pakjes sáček sáčku balíček db szt ks kus kusy st stuks opakowanie paczka lata latas pacote pacotes "
    "dente dentes diente dientes maço ramo ramita ramitas pizca pizcas pitada pitadas fatia fatias folha folhas "
    "hoja hojas loncha lonchas bustina bustine spicchio spicchi pizzico mazzetto fetta fette foglia foglie "
    "teentje teentjes snuf snufje bosje plak plakken blik blikje zakje zakjes bakje klyfta klyftor burk påse "
    "knippe dåse pose bundt knivspids nypa łyżka łyżki łyżek łyżeczka łyżeczki szklanka szklanki ząbek ząbki "
    "szczypta lžíce lžička hrnek evőkanál teáskanál bögre csomag gerezd csipet kopp kvist kvister kvistar skiva "
    "skivor skive skiver strúčik strúčiky strúčikov plátok plátky pl čl kl "
)
"""Words that mean a unit which is not read."""

NOT_AN_INGREDIENT = _words(
    "min mins minute minutes hour hours hr hrs day days week weeks month months second seconds sec degree degrees "
    "percent times time ways way parts part mm reserved divided total each set removed more extra additional per "
    "thick long wide old minuten stunden heures jours"
)
"""Words behind a number that is not the amount of another ingredient."""

OTHERS = frozenset({"or", "oder", "ou"})
BULLETS = frozenset("•-–—*▢☐□·●○◦✓‣▪")
RANGE_MARKS = frozenset({"-", "–", "—", "to", "bis", "à", "or", "oder", "ou"})
SUM_MARKS = frozenset({"plus", "+", "and", "&", "und", "et"})
SAME_MARKS = frozenset({"/", "|", "=", "or", "oder", "ou"})
