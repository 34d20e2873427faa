"""How strongly two groups of lines differ: the likelihood ratio of shares, which weighs lift and support together."""

import math


def evidence(count: int, of: int, other_count: int, other_of: int) -> float:
    """How unlikely two shares this far apart are by chance, in nats: half of G squared, 0 if they are equal.

    A large lift on few lines and a small lift on many both weigh little. 3 nats are odds of about 1 to 20.
    """
    if not of or not other_of:
        return 0.0
    share = (count + other_count) / (of + other_of)
    cells = (
        (count, of * share),
        (of - count, of * (1 - share)),
        (other_count, other_of * share),
        (other_of - other_count, other_of * (1 - share)),
    )
    return sum(seen * math.log(seen / expected) for seen, expected in cells if seen)


def lift(count: int, of: int, other_count: int, other_of: int) -> float:
    """How many times as large the first share is; a share of nothing counts as half a line."""
    other_share = max(other_count, 0.5) / other_of
    return (count / of) / other_share if of else 0.0
