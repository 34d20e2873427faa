"""The unit words in recipe lines: units of the ledger, of packages and pieces, and units that are not read."""

import unicodedata
from fractions import Fraction

from bake_tracker.domain.recipe_text.words import SIZES, words_in

Measure = tuple[str, Fraction]
"""A unit's name, and how many of it the word means."""

_ONE = Fraction(1)
_LONG = 5

# Spoons in other languages are metric; the ledger's are US customary. Cups in other languages have no fixed size.
_UNITS = {
    "g": "g|gr|grs|gram|grams|gramme|grammes|gm|gms|gramm|gramas|gramos|grammi|grammo|grama|gramů|gramm|г|гр|грамм|"
    "грамма|граммов|γρ|γρμ|γραμμάρια|γραμμάριο|גרם|克",
    "10 g": "dkg|dag",
    "kg": "kg|kgs|kilo|kilos|kilogram|kilograms|kilogramm|kilogramme|quilo|quilos|κιλό|κιλά|"
    "kilogramy|кг|килограмм|公斤",
    "mg": "mg|milligram|milligrams",
    "oz": "oz|ounce|ounces|ozs",
    "lb": "lb|lbs|pound|pounds",
    "stick": "stick|sticks",
    "ml": "ml|mls|millilitre|millilitres|milliliter|milliliters|mililitros|millilitri|mililiter|mililitr|мл|"
    "миллилитров|毫升",
    "cl": "cl|centilitre|centilitres",
    "dl": "dl|decilitre|decilitres|deciliter|deciliters",
    "l": "l|ltr|litre|litres|liter|liters|litro|litros|litri|litra|litry|litr|litrów|л|литр|литра|литров|λίτρο|λίτρα",
    "tsp": "tsp|tsps|teaspoon|teaspoons|teasp|teas|tspn|tspns",
    "tbsp": "tbsp|tbsps|tbs|tbl|tblsp|tbls|tb|tablespoon|tablespoons|tbspn|tbspns|tblspn|tblspns",
    "cup": "cup|cups|c",
    "fl_oz": "fl oz|floz|fluid oz|fluid ounce|fluid ounces|ounce , fluid|ounces , fluid|fl ounce|fl ounces",
    "pint": "pint|pints|pt|pts",
    "quart": "quart|quarts|qt|qts",
    "gallon": "gallon|gallons|gal",
    "pinch": "pinch|pinches|prise|prisen|pincée|pincées|snufje|snufjes|snuifje|nypa|pizzico|pizca|pizcas|pitada|"
    "pitadas|csipet|szczypta|szczypty|štipka|štipky|špetka|špetky|щепотка|щепотки|πρέζα|πρέζες|prstohvat",
    "dash": "dash|dashes",
    "each": "ea|each|piece|pieces|pc|pcs|unit|units|ear|ears|stück|stk|pièce|pièces|unité|unités|stuk|"
    "stuks|db|darab|ks|kus|kusy|kusů|szt|sztuka|sztuki|sztuk|unid|unidad|unidades|unidade|adet|шт|штука|штуки|штук|"
    "бр|броя|kpl|τεμ|τεμάχια|τεμάχιο|个",
    "inch": 'inch|inches|"|”|″',
    "cm": "cm|centimetre|centimetres|centimeter|centimeters",
    "15 ml": "el|esslöffel|essl|cuillère à soupe|cuillères à soupe|cuill à soupe|cuil à soupe|c à soupe|c à s|càs|c s|"
    "c à table|eetlepel|eetlepels|msk|matsked|matskedar|spsk|spiseske|spiseskeer|ss|spiseskje|spiseskjeer|cucchiaio|"
    "cucchiai|cucharada|cucharadas|cda|cdas|c de sopa|"
    "colher de sopa|colheres de sopa|colher ( sopa )|colheres ( sopa )|łyżka|"
    "łyżki|łyżek|lžíce|lyžica|lyžice|lyžíc|pl|evőkanál|ek|žlica|žlice|yemek kaşığı|ст л|столовая ложка|"
    "столовые ложки|столовых ложки|столовых ложек|столовой ложки|с л|супена лъжица|супени лъжици|κ σ|"
    "κουταλιά της σούπας|κουταλιές της σούπας|κουτ σούπας|κ σούπας|rkl|ruokalusikka|ruokalusikallista|kašika|kašike|"
    "kašiku|žlici|žlic|lžic|lžíci|v š|lingură|linguri|muỗng canh|thìa canh|sdm|כף|כפות|汤匙",
    "5 ml": "tl|teelöffel|teel|cuillère à café|cuillères à café|cuill à café|cuil à café|c à café|c à c|càc|c c|"
    "c à thé|theelepel|tsk|tesked|teskedar|teske|teskeer|ts|teskje|teskjeer|cucchiaino|cucchiaini|cucharadita|"
    "theelepels|cucharaditas|cdta|cdtas|c de chá|"
    "colher de chá|colheres de chá|colher ( chá )|colheres ( chá )|łyżeczka|"
    "łyżeczki|łyżeczek|lžička|lžičky|lžiček|lyžička|lyžičky|čl|teáskanál|tk|žličica|žličice|çay kaşığı|ч л|"
    "чайная ложка|чайные ложки|чайных ложки|чайных ложек|чайной ложки|чаена лъжичка|чаени лъжички|κ γ|"
    "κουταλάκι του γλυκού|κουταλάκια του γλυκού|κουτ γλυκού|κουτ γλ|κ γλυκού|teelusikka|teelusikallista|kašičica|"
    "kašičice|kašičicu|čajna žlica|čajne žlice|čajna žličica|čajne žličice|žlička|žličke|žlički|a š|linguriță|"
    "lingurițe|muỗng cà phê|thìa cà phê|sudu teh|sdt|cdita|cditas|כפית|כפיות|茶匙",
    "1 ml": "krm|kryddmått",
    "500 g": "pfund",
    "12 each": "dozen|doz|dutzend|douzaine",
}


def _measure(text: str) -> Measure:
    factor, _, name = text.rpartition(" ")
    return name, Fraction(factor or 1)


UNITS: dict[str, Measure] = {word: _measure(name) for name, words in _UNITS.items() for word in words.split("|")}


def unaccented(text: str) -> str:
    """A word as it is typed without its accents: ``zlicica`` for ``žličica`` and ``žlićica``."""
    return "".join(one for one in unicodedata.normalize("NFD", text) if unicodedata.category(one) != "Mn")


PLAIN_UNITS = {
    unaccented(word): measure for word, measure in UNITS.items() if len(word) >= _LONG and unaccented(word) != word
}
"""Units as they are typed without accents; short ones would be taken for other words."""

CASED_UNITS: dict[str, Measure] = {
    "T": ("tbsp", _ONE),
    "t": ("tsp", _ONE),
    "Tbs": ("tbsp", _ONE),
    "st": ("each", _ONE),
}

LEDGER_UNITS = frozenset(name for name, _ in UNITS.values())

SMALL = words_in("pinch dash prise pincée snufje snuifje nypa pizzico pizca pitada csipet szczypta štipka špetka")
"""Units that mean one if there is no number before them."""

BEFORE_A_NUMBER = words_in("g gr kg ml cl dl")
LENGTHS = frozenset({"inch", "cm"})

METRIC_VOLUMES = frozenset({"ml", "cl", "dl", "l"})

UNSETTLED = frozenset({"pint", "quart", "gallon"})
"""Units that are a fifth larger in Britain than in the United States."""

SMALLER = {"lb": "oz", "kg": "g"}
"""The unit that may follow directly: ``1 lb 2 oz``."""

_PACKAGES = {
    "can": "can|cans|tin|tins|dose|dosen|boîte|blik|blikje|blikjes|boks|bokser|burk|dåse|lata|latas|puszka|puszki|"
    "konzerv|konzerva|puszki|банка|банки|банок|κονσέρβα|κονσέρβες",
    "jar": "jar|jars|glas|pot|pots",
    "package": "package|packages|pkg|pkgs|pkt|pkts|packet|packets|pack|packs|päckchen|pck|packung|paquet|paquets|pakje|"
    "pakjes|pakke|pakker|paquete|paquetes|pacote|pacotes|opakowanie|confezione|confezioni|packungen|pk|opakowania|"
    "opakowań|пачка|пачки|пакет|упаковка|упаковки|πακέτο|πακέτα",
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
    "spicchio|spicchi|klyfta|klyftor|gerezd|ząbek|ząbki|strúčik|strúčiky|stroužek|stroužky|fed|båt|fedd|ząbków|"
    "ząbka|зубчик|зубчика|зубчиков|скилидка|скилидки|σκελίδα|σκελίδες|σκελ|češanj|češnja|siung|cățel|căței",
    "slice": "slice|slices|rasher|rashers|scheibe|scheiben|tranche|tranches|plak|plakken|skiva|skivor|"
    "skive|skiver|fatia|fatias|fetta|fette|rebanada|rebanadas|loncha|lonchas|plátek|plátky|plátků|plastry|plaster|"
    "plastrów|snee|sneetje|ломтик|ломтика|ломтиков|φέτα|φέτες",
    "bunch": "bunch|bunches|bund|bd|botte|bosje|bosjes|knippe|mazzetto|mazzo|mazzi|manojo|pęczek|svazek|maço|пучок|"
    "пучка|ματσάκι|ματσάκια|μάτσο|vezica|veza|"
    "bouquet de",
    "sprig": "sprig|sprigs|twig|twigs|branch|zweig|zweige|brin|brins|branche|branches|takje|takjes|takken|kvist|"
    "kvister|kvistar|rametto|rametti|ramita|ramitas|gałązka|gałązki|gałązek|grančica|веточка|веточки|веточек|"
    "κλωναράκι|κλωναράκια|κλωνάρι",
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
    "mug": "tasse|tasses|tassen|verre|mug|mugs",
    "leaf": "leaf|leaves",
    "fillet": "fillet|fillets",
}

SINGULAR = words_in(
    "bunch sprig handful slice clove head stalk can tin jar package packet pack bag box sachet splash drizzle leaf "
    "cube sheet"
)
"""Counting words that mean one if there is no number before them."""

VAGUE = frozenset({"handful", "knob", "thumb", "drop", "splash", "spoon", "mug", "scoop"})
"""Counting words that say no more than *about so much*; the others count pieces that can be bought."""

PACKAGES = {word: name for name, words in _PACKAGES.items() for word in words.split("|")}

COUNTED = {word: name for name, words in _COUNTED.items() for word in words.split("|")} | PACKAGES
"""Counting words for things that have no fixed weight."""

LEVELS = words_in(
    "scarso scarsi colmo colmi colma raso rasi rasa abbondante cheia cheias rasas colmadas scant heaped heaping "
    "rounded level gestrichen gehäuft ras rase rases bombée bombées"
)
"""How full a spoon is, behind its name."""

DESCRIBING_A_UNIT = SIZES | words_in("packed loosely lightly firmly fresh dried thick thin full")
"""Words that may stand between a number and its unit: ``4 packed cups``."""

FOREIGN_UNITS = words_in(
    "bak bakje bakjes stem recept recepten rezept rezepte recette recettes ricetta receta receita opskrift oppskrift "
    "rol rollen rull rulle rullar pot potje potjes fles flesje doos doosje zak tros struik krop stronk sneden scheut "
    "scheutje mespunt kuipje reep flaske flaska bunke klat skvett båter plade plader stilk stilker stilke stjälk "
    "stjälkar pkt bote botes bolsa bolsas chorro chorrito rodaja rodajas tallo tallos cabeza cabezas botella "
    "botellas tarrina filete filetes rotolo rotoli pezzo pezzi scatola vasetto bottiglia gambo gambi ciuffo caixa "
    "caixinha pedaço pedaços tablete tabletes garrafa kostki główka słoik snítka kelímek lahev doboz szelet marék "
    "üveg szem ág vrećica češanj češnja režanj šalica čaša komad prstohvat demet diş bardak tutam avuç dilim kutu "
    "barquette bocal brique rouleau rondelle tête louche cuillerée cuillerées packung tüte tüten netz schälchen "
    "rispe rispen knolle knollen kopf köpfe vingtaine dizaine xícara xícaras xicara xicaras colher colheres taza "
    "tazas vaso vasos tazza tazze bicchiere bicchieri kop kopje kopjes lepel lepels glass glasses dessertspoon "
    "dessertspoons spoonful spoonfuls cupful cupfuls teaspoonful teaspoonfuls tablespoonful tablespoonfuls capful "
    "capfuls gill gills jigger jiggers wineglass teacup teacups ladle ladles stone stones spoon spoons shot shots "
    "löffel messerspitze msp recipe recipes paket pakket klont klontje sáček sáčku balíček st paczka стакан стакана "
    "стаканов стак чашка чашки чаша φλ φλιτζάνι φλιτζάνια φλιτζανιού φλιτζ κούπα κούπες κουταλιά κουταλιές κουταλάκι "
    "κουταλάκια κουτ κ κτσ κεσεδάκι ложка ложки ложек головка головки кусок куска горсть šalice šolja šolje šoljica "
    "tassi tass tassid klaas klaasi bolli bollar bolla cană căni cốc chén cawan gelas piring cuillère cuillères "
    "mesure mesures mesurette główek płaska płaskie czubata czubate garstka bei láminas lámina libra etto etti paio "
    "mazzettino kula kule glavica glavice kruusi kawałek kawałki barattolo blikken kesica kesice bottiglietta bussel "
    "bosse pussi purkki tlk prk režnja režanj כוס כוסות חבילה מיכל ramo folha folhas hoja hojas foglia foglie fogli "
    "foglioline grappolo påse ds pose bundt bunt knivspids szklanka szklanki hrnek hrnky bögre csomag csipetnyi kopp "
    "kl mk fej szál rúd tábla stang blad tak vel potte kruka forpackning förp förpackning alm bardağı kaşığı rolle "
    "kugel frasco vidro copo copos pastilla sobre trozo trozos"
)
"""Words that mean a unit which is not read."""
PLAIN_FOREIGN_UNITS = frozenset(unaccented(word) for word in FOREIGN_UNITS if len(word) >= _LONG)

STICKS = words_in("cinnamon celery rhubarb lemongrass cheese mozzarella licorice liquorice gum kombu")
"""Things in sticks that do not weigh what a stick of butter does."""

PIECES = words_in(
    "ball balls rack racks loaf loaves wheel wheels strip strips slab slabs wedge wedges link links portion portions "
    "serving servings batch batches"
)
"""Words for pieces, which a yield is named by but an ingredient is not."""
