"""The words in recipe lines: numbers, units, counting words and descriptions."""

from fractions import Fraction

Measure = tuple[str, Fraction]
"""A unit's name, and how many of it the word means."""

_ONE = Fraction(1)

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

# Spoons outside of English are metric; the ledger's are US customary. Cups outside of English have no settled size.
_UNITS = {
    "g": "g|gr|grs|gram|grams|gramme|grammes|gm|gms|gramm|gramas|gramos|grammi|grammo|г|гр|克",
    "10 g": "dkg|dag",
    "kg": "kg|kgs|kilo|kilos|kilogram|kilograms|kilogramm|kilogramme|quilo|quilos|кг|公斤",
    "mg": "mg|milligram|milligrams",
    "oz": "oz|ounce|ounces|ozs",
    "lb": "lb|lbs|pound|pounds",
    "stick": "stick|sticks",
    "ml": "ml|mls|millilitre|millilitres|milliliter|milliliters|mililitros|millilitri|мл|毫升",
    "cl": "cl|centilitre|centilitres",
    "dl": "dl|decilitre|decilitres|deciliter|deciliters",
    "l": "l|ltr|litre|litres|liter|liters|litro|litros|л",
    "tsp": "tsp|tsps|teaspoon|teaspoons|teasp",
    "tbsp": "tbsp|tbsps|tbs|tbl|tblsp|tbls|tb|tablespoon|tablespoons",
    "cup": "cup|cups|c",
    "fl_oz": "fl oz|floz|fluid oz|fluid ounce|fluid ounces|ounce , fluid|ounces , fluid|fl ounce|fl ounces",
    "pint": "pint|pints|pt|pts",
    "quart": "quart|quarts|qt|qts",
    "gallon": "gallon|gallons|gal",
    "pinch": "pinch|pinches|prise|prisen|pincée|pincées|snufje|snufjes|snuifje|nypa|pizzico|pizca|pizcas|pitada|"
    "pitadas|csipet|szczypta|szczypty|štipka|štipky|špetka|špetky",
    "dash": "dash|dashes",
    "each": "ea|each|piece|pieces|pc|pcs|unit|units|ear|ears|stück|stk|pièce|pièces|unité|unités|stuk|"
    "stuks|db|darab|ks|kus|kusy|kusů|szt|sztuka|sztuki|sztuk|unid|unidad|unidades|unidade|adet|шт|个",
    "inch": 'inch|inches|"|”|″',
    "cm": "cm|centimetre|centimetres|centimeter|centimeters",
    "15 ml": "el|esslöffel|essl|cuillère à soupe|cuillères à soupe|cuill à soupe|cuil à soupe|c à soupe|c à s|càs|c s|"
    "c à table|eetlepel|eetlepels|msk|matsked|matskedar|spsk|spiseske|spiseskeer|ss|spiseskje|spiseskjeer|cucchiaio|"
    "cucchiai|cucharada|cucharadas|cda|cdas|c de sopa|"
    "colher de sopa|colheres de sopa|colher ( sopa )|colheres ( sopa )|łyżka|"
    "łyżki|łyżek|lžíce|lyžica|lyžice|lyžíc|pl|evőkanál|ek|žlica|žlice|yemek kaşığı|ст л|κ σ|汤匙",
    "5 ml": "tl|teelöffel|teel|cuillère à café|cuillères à café|cuill à café|cuil à café|c à café|c à c|càc|c c|"
    "c à thé|theelepel|tsk|tesked|teskedar|teske|teskeer|ts|teskje|teskjeer|cucchiaino|cucchiaini|cucharadita|"
    "theelepels|cucharaditas|cdta|cdtas|c de chá|"
    "colher de chá|colheres de chá|colher ( chá )|colheres ( chá )|łyżeczka|"
    "łyżeczki|łyżeczek|lžička|lžičky|lžiček|lyžička|lyžičky|čl|teáskanál|tk|žličica|žličice|çay kaşığı|ч л|κ γ|茶匙",
    "1 ml": "krm|kryddmått",
    "500 g": "pfund",
    "12 each": "dozen|doz|dutzend|douzaine",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _measure(text: str) -> Measure:
    factor, _, name = text.rpartition(" ")
    return name, Fraction(factor or 1)


UNITS: dict[str, Measure] = {word: _measure(name) for name, words in _UNITS.items() for word in words.split("|")}
CASED_UNITS: dict[str, Measure] = {
    "T": ("tbsp", _ONE),
    "t": ("tsp", _ONE),
    "Tbs": ("tbsp", _ONE),
    "st": ("each", _ONE),
}
LEDGER_UNITS = frozenset(name for name, _ in UNITS.values())
SMALL = _words("pinch dash prise pincée snufje snuifje nypa pizzico pizca pitada csipet szczypta štipka špetka")
"""Units that mean one if there is no number before them."""
LENGTHS = frozenset({"inch", "cm"})
METRIC_VOLUMES = frozenset({"ml", "cl", "dl", "l"})
UNSETTLED = frozenset({"pint", "quart", "gallon"})
"""Units that are a fifth larger in Britain than in the United States."""
SMALLER = {"lb": "oz", "kg": "g"}
"""The unit that may follow directly: ``1 lb 2 oz``."""

_PACKAGES = {
    "can": "can|cans|tin|tins|dose|dosen|boîte|blik|blikje|blikjes|boks|bokser|burk|dåse|lata|latas|puszka|puszki|"
    "konzerv|konzerva",
    "jar": "jar|jars|glas|pot|pots",
    "package": "package|packages|pkg|pkgs|pkt|pkts|packet|packets|pack|packs|päckchen|pck|packung|paquet|paquets|pakje|"
    "pakjes|pakke|pakker|paquete|paquetes|pacote|pacotes|opakowanie|confezione|confezioni|packungen|pk",
    "sachet": "sachet|sachets|envelope|envelopes|beutel|zakje|zakjes|bustina|bustine",
    "box": "box|boxes|carton|cartons|container|containers|tub|tubs|becher",
    "tube": "tube|tubes",
    "punnet": "punnet|punnets",
    "bag": "bag|bags",
    "bottle": "bottle|bottles|flasche",
    "bar": "bar|bars|tafel|tafeln|tablette|tablettes",
    "block": "block|blocks|brick|bricks",
    "roll": "roll|rolls|log|logs",
}
_COUNTED = {
    "clove": "clove|cloves|zehe|zehen|gousse|gousses|teen|tenen|teentje|teentjes|dente|dentes|diente|dientes|"
    "spicchio|spicchi|klyfta|klyftor|gerezd|ząbek|ząbki|strúčik|strúčiky|stroužek|stroužky|fed|båt|fedd",
    "slice": "slice|slices|rasher|rashers|scheibe|scheiben|tranche|tranches|plak|plakken|skiva|skivor|"
    "skive|skiver|fatia|fatias|fetta|fette|rebanada|rebanadas|loncha|lonchas|plátek|plátky|plátků|plastry|snee|sneetje",
    "bunch": "bunch|bunches|bund|bd|botte|bosje|bosjes|knippe|mazzetto|mazzo|mazzi|manojo|pęczek|svazek|maço|"
    "bouquet de",
    "sprig": "sprig|sprigs|twig|twigs|branch|zweig|zweige|brin|brins|branche|branches|takje|takjes|takken|kvist|"
    "kvister|kvistar|rametto|rametti|ramita|ramitas|gałązka|gałązki|grančica",
    "handful": "handful|handfuls|handvoll|poignée|poignées|handvol|handje|handjes|håndfull|håndfuld|neve|näve|nävar|"
    "manciata|puñado|puñados|punhado|garść|hrst",
    "head": "head|heads",
    "bulb": "bulb|bulbs",
    "stalk": "stalk|stalks|rib|ribs|stange|stangen|stiel|stiele",
    "stem": "stems|stängel|stengel",
    "spear": "spear|spears",
    "knob": "knob|knobs|nub|noix",
    "thumb": "thumb|thumbs",
    "drop": "drop|drops|tropfen|goutte|gouttes",
    "sheet": "sheet|sheets|blatt|feuille|feuilles",
    "scoop": "scoop|scoops",
    "splash": "splash|splashes|drizzle|glug|squeeze|sprinkle|schuss|spritzer|filet",
    "cube": "cube|cubes|würfel",
    "square": "square|squares",
    "spoon": "cc|cs",
    "mug": "tasse|tassen|verre|mug|mugs",
    "leaf": "leaf|leaves",
    "fillet": "fillet|fillets",
}
PACKAGES = {word: name for name, words in _PACKAGES.items() for word in words.split("|")}
COUNTED = {word: name for name, words in _COUNTED.items() for word in words.split("|")} | PACKAGES
"""Counting words for things that have no fixed weight."""


ABOUT = _words(
    "ok około aprox about approx approximately roughly around circa ca etwa ungefähr environ scant heaped heaping "
    "rounded level generous good ~ plm gestrichen gestrichene gestrichener gehäuft gehäufte gehäufter"
)
SIZES = _words(
    "grosse grosses moyen moyenne moyens moyennes mała małe mały małych duża duże duży średnia średnie średni pequeño "
    "pequeña pequeños pequeñas grande grandes mediano mediana medianos medianas pequeno pequenos stor stora large "
    "medium small big whole jumbo lg med sm extra-large medium-sized large-sized small-sized small-to-medium "
    "medium-large tiny giant große großer großes kleine kleiner kleines mittelgroße mittelgroßer mittlere gros grote "
    "middelgrote flinke"
)
LEVELS = _words("scant heaped heaping rounded level gestrichen gehäuft ras rase rases bombée bombées")
"""How full a spoon is, behind its name."""
DESCRIBING_A_UNIT = SIZES | _words("packed loosely lightly firmly fresh dried thick thin full")
"""Words that may stand between a number and its unit: ``4 packed cups``."""
LINKS = frozenset({"of", "de", "d'", "du", "des", "von", "di", "af"})
ARTICLES = frozenset({"a", "an", "the", "l'", "la", "le"})
PREPARED = _words(
    "weight dissolved combined soaked boned chopped sliced diced minced grated shredded melted softened sifted packed "
    "beaten toasted peeled cored pitted cubed mashed chilled cooled warmed quartered halved drained rinsed crumbled "
    "separated zested juiced seeded boneless skinless cold warm lukewarm hot boiling ripe overripe finely roughly "
    "coarsely freshly lightly thinly thickly firmly loosely well very cut weiche weich kalte warme lauwarme lauwarmes "
    "gehackte geschmolzene zerlassene fondu mou ramolli tempered crushed slivered trimmed washed haché hachée hachés "
    "hachées râpé râpée fondue ciselé ciselée room-temperature squeezed ice-cold smashed torn flaked cleaned halbiert "
    "geviertelt pounded pressed shelled deveined husked stemmed deseeded defrosted thawed whisked lauwwarm lauwwarme "
    "your favorite favourite preferred any"
)
"""Ways to prepare an ingredient; on the shelf it is the same ingredient."""

PROCESSED = _words("chopped sliced diced minced grated shredded crushed peeled pitted cubed mashed halved quartered")
"""Of these, the ways that are part of the ingredient if it comes in a package: a can of diced tomatoes."""

PREPARED_BEHIND = _words(
    "tiède tièdes froid froide froids froides chaud chaude chauds chaudes finement fraîchement grossièrement "
    "légèrement finamente picado picada picados picadas cortado cortada cortados cortadas ralado ralada rallado "
    "rallada moído moída troceado troceada tritato tritata grattugiato grattugiata hakket finhakket hackad hackade "
    "finhackad revet gehakt gesneden fijngehakt fijngesneden geraspt gesmolten gehackt gerieben gewürfelt geschält "
    "geschmolzen émincé émincée émincés émincées coupé coupée coupés coupées épluché épluchée épluchés épluchées"
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

ENDS = _words(
    "adjust adjusted omit facultatif facultative optionnel optionnelle opcional opzionale optioneel valgfritt "
    "valfritt fakultativ aus for to plus such about preferably optional divided from until as if at zum zur für nach "
    "pour au like using sowie je + para em til till voor i"
)
"""Words that end an ingredient's name."""

PREPOSITIONS = _words(
    "y och og but is equals en in into with without on over by under through out off then and & und et or oder ou mit "
    "ins de"
)
"""Words that cannot begin the name of an ingredient."""

DESCRIPTIONS = _words(
    "less-sodium lower-sodium purchased bought prepared pieces quality fatty meaty waxy floury starchy crumbly "
    "day-old ready-made ready-rolled precooked pre-cooked unpeeled unripe seedless pasteurized pasteurised "
    "unpasteurized extra-virgin aged mixed assorted additional boxed bottled virgin refined unrefined toasted hulled "
    "skinless boneless low-sodium high-protein dairy-free gluten-free fresh unsalted salted whole leftover "
    "unsweetened sweetened raw frozen organic plain red white pink green black yellow brown dark light sweet sour "
    "bitter dry dried lean fat low-fat full-fat reduced-fat nonfat fat-free good-quality best-quality high-quality "
    "store-bought homemade natural pure extra baby new old young tender thick thin fine coarse heavy soft hard firm "
    "mild spicy smoked cooked uncooked roasted canned tinned american-style bone-in skin-on free-range crisp crunchy "
    "juicy bubbly active plump tart flaky creamy chunky smooth instant rich sharp mature strong crusty stale mini "
    "tiny petite short straight fluffy neutral bittersweet semisweet semi-sweet vegan vegetarian wild unflavored "
    "unflavoured unbleached bleached rough leafy sturdy hearty warm kosher grob grobe fein feine frische frischer "
    "frisches frischen frais fraîche"
)
"""Words that describe an ingredient but do not name one."""

DESCRIBING_ENDS = tuple(
    f"-{end}"
    for end in _words(
        "salt stemmed lean sodium fat free sugar style quality size sized bought made fed caught grown cut skin ripe "
        "cooked baked roasted salted raised"
    )
)
"""How longer describing words end: ``low-sodium``, ``oven-roasted``."""

KEEPING = _words("canned tinned jarred frozen dried dehydrated freeze-dried")
"""Words that make the preparation behind them part of the ingredient: ``frozen chopped spinach``."""

FOREIGN_UNITS = _words(
    "bak bakje bakjes stem recept recepten rezept rezepte recette recettes ricetta receta receita opskrift oppskrift "
    "rol rollen rull rulle rullar pot potje potjes fles flesje doos doosje zak tros struik krop stronk sneden scheut "
    "scheutje mespunt kuipje reep flaske flaska bunke klat skvett båter plade plader stilk stilker stilke stjälk "
    "stjälkar pkt bote botes bolsa bolsas chorro chorrito rodaja rodajas tallo tallos cabeza cabezas botella botellas "
    "tarrina filete filetes rotolo rotoli pezzo pezzi scatola vasetto bottiglia gambo gambi ciuffo caixa caixinha "
    "pedaço pedaços tablete tabletes garrafa kostki główka słoik snítka kelímek lahev doboz szelet marék üveg szem ág "
    "vrećica češanj češnja režanj šalica čaša komad prstohvat demet diş bardak tutam avuç dilim kutu barquette bocal "
    "brique rouleau rondelle tête louche cuillerée cuillerées packung tüte tüten netz schälchen rispe rispen knolle "
    "knollen kopf köpfe vingtaine dizaine xícara xícaras xicara xicaras colher colheres taza tazas vaso vasos tazza "
    "tazze bicchiere bicchieri kop kopje kopjes lepel lepels glass glasses dessertspoon dessertspoons spoonful "
    "spoonfuls cupful cupfuls teaspoonful teaspoonfuls tablespoonful tablespoonfuls capful capfuls gill gills jigger "
    "jiggers wineglass teacup teacups ladle ladles stone stones spoon spoons shot shots löffel messerspitze msp "
    "recipe recipes paket pakket klont klontje sáček sáčku balíček st paczka ramo folha folhas hoja hojas foglia "
    "foglie fogli foglioline grappolo påse ds pose bundt bunt knivspids szklanka szklanki hrnek hrnky bögre csomag "
    "csipetnyi kopp kl mk fej szál rúd tábla stang blad tak vel potte kruka forpackning förp förpackning alm bardağı "
    "kaşığı rolle kugel frasco vidro copo copos pastilla sobre trozo trozos"
)
"""Words that mean a unit which is not read."""

STICKS = _words("cinnamon celery rhubarb lemongrass cheese mozzarella licorice liquorice gum kombu")
"""Things in sticks that do not weigh what a stick of butter does."""

PIECES = _words(
    "ball balls rack racks loaf loaves wheel wheels strip strips slab slabs wedge wedges link links portion portions "
    "serving servings batch batches"
)
"""Words for pieces, which a yield is named by but an ingredient is not."""

UNCOUNTED = _words(
    "salt sugar flour water milk butter margarine oil cream cinnamon nutmeg yeast rice honey powder soda vinegar "
    "juice syrup molasses cocoa starch cornstarch cornflour extract semolina salz zucker mehl wasser milch öl sahne "
    "zimt hefe reis honig pulver essig stärke grieß sel sucre farine eau lait beurre huile crème cannelle levure riz "
    "miel fécule"
)
"""What nobody counts: a bare number of it has lost its unit."""

PARTS = _words("juice zest rind peel saft schale abrieb jus zeste zestes")
"""What is taken of a whole fruit: ``juice of half a lemon``."""

SHAPES = _words("trozos cuartos cubos rodajas dados dés rondelles lamelles morceaux tranches quartiers cubes")
"""Shapes to cut into, behind ``en`` or ``in``."""

NOT_AN_INGREDIENT = _words(
    "min mins minute minutes hour hours hr hrs day days week weeks month months second seconds sec degree degrees "
    "percent times time ways way parts part mm reserved divided total each set removed more extra additional per "
    "thick long wide old minuten stunden heures jours"
)
"""Words behind a number that is not the amount of another ingredient."""

OTHERS = _words("or oder bzw ou o vagy eller oppure nebo alebo lub ili или veya")
BULLETS = frozenset("•-–—*＊▢☐□·●○◦✓‣▪♥")
FOOTNOTES = frozenset("*†‡®™©")
"""Marks behind a name that are no part of it."""
RANGE_MARKS = frozenset({"-", "–", "—", "to", "bis", "à", "or", "oder", "ou"})
SUM_MARKS = frozenset({"plus", "+", "and", "&", "und", "et"})
SAME_MARKS = frozenset({"/", "|", "=", "or", "oder", "ou"})
