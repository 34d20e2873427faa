"""Published weights of a cup, a spoon or a piece, offered with their source and never used automatically.

Figures of USDA FoodData Central come from SR Legacy, by its food number (NDB); they are in the public domain. Packed
flour weighs a quarter more than spooned flour, so your own scale is the better source.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from bake_tracker.domain.remedies import Published
from bake_tracker.domain.units import MeasureKind, density_g_per_ml, format_exact, parse_unit

KING_ARTHUR = "King Arthur Baking, Ingredient Weight Chart"


@dataclass(frozen=True, slots=True)
class CommonMeasure:
    """The weight in g of ``amount`` of ``unit`` of ``food``; ``names`` are other names for it."""

    food: str
    amount: int
    unit: str
    weight_g: Fraction
    source: str
    names: tuple[str, ...] = ()

    @property
    def kind(self) -> MeasureKind:
        return "piece" if self.unit == "each" else "density"

    @property
    def value(self) -> Fraction:
        """The measure in g per ml, or in g for each piece."""
        if self.kind == "piece":
            return self.weight_g / self.amount
        return density_g_per_ml(Fraction(self.amount), parse_unit(self.unit), self.weight_g, parse_unit("g"))

    @property
    def told(self) -> str:
        """``125 g for 1 cup of all-purpose flour, 0.528344 g/ml (USDA ...)``."""
        per = "" if self.kind == "piece" else f", {format_exact(self.value)} g/ml"
        of = "one" if self.kind == "piece" else f"{self.amount} {self.unit} of"
        return f"{format_exact(self.weight_g)} g for {of} {self.food}{per} ({self.source})"

    @property
    def published(self) -> Published:
        """The figure as a remedy offers it."""
        return {
            "told": self.told,
            "amount": self.amount,
            "unit": self.unit,
            "weight_g": format_exact(self.weight_g),
            "source": self.source,
        }


def _usda(food: str, unit: str, weight_g: str, ndb: str, *names: str) -> CommonMeasure:
    return CommonMeasure(food, 1, unit, Fraction(weight_g), f"USDA FoodData Central, SR Legacy, NDB {ndb}", names)


COMMON_MEASURES: tuple[CommonMeasure, ...] = (
    _usda("all-purpose flour", "cup", "125", "20081", "flour", "plain flour", "white flour", "wheat flour"),
    CommonMeasure("bread flour", 1, "cup", Fraction(120), KING_ARTHUR, ("strong flour", "strong white flour")),
    _usda("whole wheat flour", "cup", "120", "20080", "whole-grain wheat flour", "wholemeal flour"),
    _usda("cornstarch", "cup", "128", "20027", "corn starch", "cornflour"),
    _usda("rolled oats", "cup", "81", "08120", "oats", "porridge oats"),
    _usda("granulated sugar", "cup", "200", "19335", "sugar", "white sugar", "caster sugar"),
    _usda("brown sugar, packed", "cup", "220", "19334", "brown sugar", "light brown sugar", "dark brown sugar"),
    _usda("powdered sugar, unsifted", "cup", "120", "19336", "powdered sugar", "icing sugar", "confectioners sugar"),
    _usda("honey", "cup", "339", "19296"),
    _usda("molasses", "cup", "337", "19304"),
    _usda("butter", "cup", "227", "01145", "unsalted butter"),
    _usda("olive oil", "cup", "216", "04053"),
    _usda("whole milk", "cup", "244", "01077", "milk"),
    _usda("heavy cream", "cup", "238", "01053", "cream", "whipping cream", "double cream"),
    _usda("water", "cup", "237", "14429", "tap water"),
    _usda("cocoa powder, unsweetened", "cup", "86", "19165", "cocoa", "cocoa powder", "unsweetened cocoa powder"),
    _usda("table salt", "tsp", "6", "02047", "salt", "fine salt"),
    _usda("baking soda", "tsp", "4.6", "18372", "bicarbonate of soda"),
    _usda("large egg", "each", "50", "01123", "egg", "eggs", "whole egg"),
    _usda("large egg white", "each", "33", "01124", "egg white", "egg whites"),
    _usda("large egg yolk", "each", "17", "01125", "egg yolk", "egg yolks"),
)


def published_measure(kind: MeasureKind, *names: str) -> CommonMeasure | None:
    """The published figure for an item with one of these names, in any word order; similar names do not count."""
    wanted = {words for words in map(_words, names) if words}
    for measure in COMMON_MEASURES:
        if measure.kind == kind and wanted & set(_called(measure)):
            return measure
    return None


def _called(measure: CommonMeasure) -> Iterator[frozenset[str]]:
    yield from map(_words, (measure.food, *measure.names))


def _words(name: str) -> frozenset[str]:
    letters = "".join(letter if letter.isalpha() else " " for letter in name.lower().replace("'", ""))
    return frozenset(letters.split())
