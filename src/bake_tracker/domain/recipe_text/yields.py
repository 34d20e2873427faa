"""Read the yield of a recipe page: ``Makes 24 cookies``, ``2 loaves``, ``Serves 8``."""

import re
from collections.abc import Sequence

from bake_tracker.domain.recipe_text.doubts import LOST_UNIT, MAY_BE_UNIT, NO_NAME
from bake_tracker.domain.recipe_text.lines import IngredientLine, parse_line

_LEAD = re.compile(
    r"\s*(?P<serves>serves|servings|serving|portions?|portionen|für|pour|for)\b\s*[:=]?"
    r"|\s*(makes|make|yields?|gives|ergibt|quantity|menge)\b\s*[:=]?",
    re.IGNORECASE,
)
_SERVED = {"serving", "portion", "portionen", "person", "personen", "personne", "people", "guest", "helping", "item"}
_CUT = {"part"}
NOT_SAID = "the yield of a batch is not given"
SERVINGS = "servings are not a yield"


def parse_yield(texts: Sequence[str]) -> tuple[IngredientLine | None, tuple[str, ...]]:
    """The clearest of the texts as a line, such as ``24 cookies``, and any doubts."""
    read = [_parse(text) for text in texts if text.strip()]
    if not read:
        return None, (NOT_SAID,)
    return min(read, key=lambda one: (len(one[1]), not one[0].ingredient))


def _parse(text: str) -> tuple[IngredientLine, tuple[str, ...]]:
    is_served, start = False, 0
    while lead := _LEAD.match(text, start):
        is_served = is_served or lead["serves"] is not None
        start = lead.end()
    line = parse_line(text[start:].strip())
    words = {word.lower().removesuffix("s") for word in line.ingredient.split()}
    if is_served or words & _SERVED:
        return line, (SERVINGS,)
    # Bars and boxes are products here, and so are a cake's parts.
    ignored = (MAY_BE_UNIT, LOST_UNIT, *((NO_NAME,) if words == _CUT else ()))
    doubts = [doubt for doubt in (*line.settled, *line.doubts) if doubt not in ignored]
    return line, tuple(NOT_SAID if doubt == NO_NAME else doubt for doubt in doubts)
