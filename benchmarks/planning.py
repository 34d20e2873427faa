"""What the arithmetic of a plan costs: CPU of a shop's week and of larger ones, and of one need in many micros.

    python -m benchmarks.planning [--times 1,2,5,10] [--rounds 5] [--whole]

A shop's week is 60 recipes, 60 boxes, 400 items, 2,000 lots and 300 order lines; ``--times`` multiplies all of it. The
exit status is 1 if the largest takes more than 1.5 times what its size times the logarithm of its size allows.
``--whole`` measures ``bake plan`` with its database instead; then it is also 1 if the number of statements grows.
"""

import argparse
import sys
import time
from collections.abc import Callable
from math import log
from statistics import median
from typing import Any

from bake_tracker.domain.planning.batches import best_mix
from bake_tracker.domain.planning.buying import Lack, Offer, suggest
from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.making import BatchProduct, Making, Packing
from bake_tracker.domain.planning.promise import earliest
from bake_tracker.domain.planning.requirements import StockLot, net
from bake_tracker.domain.planning.schedule import Job, RecipeStep, Resource, latest_starts
from benchmarks import shop as shops
from benchmarks.harness import show, steady

MICRO = 1_000_000
TODAY = 740_000


def shop(times: int) -> dict[str, Any]:
    """A week of a shop so many times as large, in micros."""
    recipes, items = 60 * times, 280 * times
    takes = [{f"i{(n * 7 + k * 13) % items}": 250 * MICRO for k in range(9)} for n in range(recipes)]
    return {
        "makings": [Making(f"r{n}", (BatchProduct(f"u{n}", 24 * MICRO, 2, MICRO),), takes[n]) for n in range(recipes)],
        "packings": [Packing(f"b{n}", {f"u{n}": 6, f"u{(n + 1) % recipes}": 6}) for n in range(recipes)],
        "lots": [
            StockLot(
                n, f"i{n % items}" if n % 4 else f"u{n % recipes}", (500 if n % 4 else 3) * MICRO, 0, TODAY + n % 30
            )
            for n in range(2_000 * times)
        ],
        "demands": [
            Demand(n, f"{'ub'[n % 2]}{n * 11 % recipes}", TODAY + n % 7, (1 + n % 20) * MICRO, number=n)
            for n in range(300 * times)
        ],
    }


def cpu_ms(what: Callable[[], object], rounds: int) -> float:
    spent = []
    with steady():
        for _ in range(rounds):
            begun = time.process_time_ns()
            what()
            spent.append((time.process_time_ns() - begun) / 1e6)
    return median(spent)


def measured(times: int, rounds: int) -> tuple[float, ...]:
    """Milliseconds to net, to buy, to promise and to schedule."""
    week = shop(times)
    plan = net(**week, today=TODAY)
    lacks = [Lack(one.demand.item, one.demand.day, one.quantity) for one in plan.unmet]
    offers = [
        Offer(f"s{n % 9}", f"i{n}", [(25_000 * MICRO, 20), (1_000 * MICRO, 1)], lead=n % 3) for n in range(280 * times)
    ]
    steps = (
        RecipeStep("mix", 15, 30, 120, "mixer"),
        RecipeStep("shape", 20, 30, 90, "bench"),
        RecipeStep("bake", 40, 20, None, "oven"),
    )
    jobs = [Job(line.number, line.day * 1440 + 600, steps) for line in plan.lines if not line.is_packing]
    resources = {"mixer": Resource(2 * times), "bench": Resource(9 * times), "oven": Resource(4 * times)}
    asked = Demand("asked", "b0", TODAY, 60 * MICRO)
    to_buy = dict.fromkeys((f"i{n}" for n in range(280 * times)), 3)
    return (
        cpu_ms(lambda: net(**week, today=TODAY), rounds),
        cpu_ms(lambda: suggest(lacks, offers, today=TODAY), rounds),
        cpu_ms(
            lambda: earliest(asked, **week, today=TODAY, horizon=TODAY + 30, days_to_buy=to_buy, grain=MICRO), rounds
        ),
        cpu_ms(lambda: latest_starts(jobs, now=0, resources=resources), rounds),
    )


def measured_whole(times: int, rounds: int) -> tuple[float, int, int]:
    """Milliseconds, statements and lines of a plan of such a shop in a database."""
    with shops.a_shop(times) as url:
        statements, lines = shops.plan_once(url)
        return cpu_ms(lambda: shops.plan_once(url), rounds), statements, lines


def show_whole(sizes: list[int], rounds: int) -> int:
    found = {size: measured_whole(size, rounds) for size in sizes}
    rows = [(f"{size} shop", f"{row[0]:.1f}", str(row[1]), str(row[2])) for size, row in found.items()]
    show([("bake plan", "CPU ms", "statements", "lines"), *rows])
    is_constant = len({row[1] for row in found.values()}) == 1
    return int(not is_constant or not is_within_n_log_n({size: row[:1] for size, row in found.items()}, 0))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", default="1,2,5,10")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--whole", action="store_true")
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.times.split(",")]
    if asked.whole:
        return show_whole(sizes, asked.rounds)
    found = {size: measured(size, asked.rounds) for size in sizes}
    rows = [(f"{size} shop", *(f"{ms:.1f}" for ms in row)) for size, row in found.items()]
    show([("CPU ms", "net", "buy", "promise", "schedule"), *rows])
    for sizes_of_mixes in ([24, 36, 96], [9_973, 9_967, 10_007], [999_983, 1_000_003]):
        ms = cpu_ms(lambda options=tuple(sizes_of_mixes): best_mix(100 * MICRO, options), asked.rounds)  # type: ignore[misc]
        show([(f"best mix of 100,000,000 from {sizes_of_mixes}", f"{ms:.1f} ms")])
    return int(not all(is_within_n_log_n(found, column) for column in range(4)))


def is_within_n_log_n(found: dict[int, tuple[float, ...]], column: int) -> bool:
    first, last = min(found), max(found)
    allowed = found[first][column] * (last * 2_000 * log(last * 2_000)) / (first * 2_000 * log(first * 2_000))
    return found[last][column] <= 1.5 * allowed


if __name__ == "__main__":
    sys.exit(main())
