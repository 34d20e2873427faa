"""English plurals of item names: close enough for what a bakery makes and buys."""

_SINGULARS = ("us", "is", "ss")
_IRREGULAR = (
    ("man", "men"),
    ("loaf", "loaves"),
    ("leaf", "leaves"),
    ("half", "halves"),
    ("knife", "knives"),
    ("tomato", "tomatoes"),
    ("potato", "potatoes"),
)
_KEEPS_IE = ("cookies", "brownies", "pies", "blondies", "smoothies", "veggies")


def plural(name: str) -> str:
    """``cookies``, ``boxes``, ``berries``, ``gingerbread-men``, ``bags of four``; a name that ends in s stays."""
    for link in (" of ", "-of-"):
        if link in name:
            head, _, rest = name.partition(link)
            return f"{plural(head)}{link}{rest}"
    low = name.lower()
    for one, many in _IRREGULAR:
        if low.endswith(one):
            return name[: len(name) - len(one)] + many
    if low.endswith(("ss", "sh", "ch", "x", "z")):
        return f"{name}es"
    if low.endswith("s"):
        return name
    return f"{name[:-1]}ies" if low.endswith("y") and low[-2:-1] not in "aeiou" else f"{name}s"


def one_of(name: str) -> str:
    """``cookie`` for ``cookies``: the name of one piece."""
    low = name.lower()
    for ending, single in (("loaves", "loaf"), ("halves", "half"), ("shes", "sh"), ("ches", "ch")):
        if low.endswith(ending):
            return name[: -len(ending)] + single
    if low.endswith("ies") and not low.endswith(_KEEPS_IE):
        return f"{name[:-3]}y"
    return name[:-1] if low.endswith("s") and not low.endswith(_SINGULARS) else name
