"""Live a bakery's life from a seed through the public services, against a model that shares no code with them.

python -m benchmarks.simulate --seed 1 --days 30 --size shop [--faults] [--busy] [--database URL]
python -m benchmarks.simulate --seeds 1..100 --days 30 --size shop [--faults] [--jobs 2]

The model checks the answer of every call, the log lines of every transaction and, once a day, every lot. At the end
``bake verify`` and ``bake log verify`` must be clean, and the cost that came in must equal the cost that went out and
is on hand. The same seed, size and days give the same digest on every database. ``--database`` is ``postgresql`` for a
new server, or the URL of one; each life has its own database there. The exit status is 1 after any difference, and the
output has the command that repeats it.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from multiprocessing import get_context

from benchmarks.simulation.bakery import Plan, Report, home, postgresql, simulate
from benchmarks.simulation.check import outcomes
from benchmarks.simulation.scopes import SIZES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int)
    which.add_argument("--seeds", metavar="A..B", help="many lives, with a line each")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--size", choices=SIZES, default="shop")
    parser.add_argument("--database", default="sqlite")
    parser.add_argument("--faults", action="store_true", help="let statements, COMMITs, connections and the log fail")
    parser.add_argument("--busy", action="store_true", help="use the whole range of the size, not only its low end")
    parser.add_argument("--jobs", type=int, default=1, help="processes for --seeds")
    options = parser.parse_args()
    plan = Plan(options.seed or 0, options.days, options.size, options.database, options.faults, options.busy)
    is_clean = one(plan) if options.seeds is None else many(plan, options.seeds, options.jobs)
    sys.exit(0 if is_clean else 1)


def one(plan: Plan) -> bool:
    """Live one life and print its report; return whether it was clean."""
    with home(plan) as (url, log_file):
        report = simulate(plan, url, log_file)
    for line in told(report):
        print(line)
    return not report.difference


def told(report: Report) -> Iterable[str]:
    """Yield the report of a life, line by line."""
    plan, totals = report.plan, report.totals or {}
    yield f"{plan.size}, seed {plan.seed}, {plan.days} days, {'faults' if plan.with_faults else 'no faults'}"
    yield f"calls      {report.calls}"
    yield f"log        {outcomes(report.lines or Counter())}"
    yield f"ledger     {', '.join(f'{totals[name]} {name}' for name in _COUNTED if name in totals)}"
    if plan.with_faults:
        yield f"faults     {outcomes(report.faults or Counter())}"
        yield f"retries    {report.retries}; {report.repaired} lines repaired"
    yield f"seconds    {report.seconds:.1f}; peak memory {report.peak_mib} MiB"
    if report.difference:
        yield f"DIFFERENT  {report.difference}"
        yield f"           repeat: {plan.command}"
        return
    yield f"digest     {report.digest}"
    yield "clean"


_COUNTED = ("operations", "movements", "lots", "runs", "reversals")


def many(plan: Plan, seeds: str, jobs: int) -> bool:
    """Live many lives, some at a time, and print a line for each; return whether all were clean."""
    first, _, last = seeds.partition("..")
    plans = [replace(plan, seed=seed) for seed in range(int(first), int(last) + 1)]
    dirty = 0
    print(f"{'seed':>6} {'calls':>8} {'movements':>10} {'lots':>7} {'faults':>7} {'retries':>8} {'seconds':>8}  digest")
    with postgresql(plan.database) if plan.database != "sqlite" else _nowhere() as server:
        plans = [replace(one, database=server or "sqlite") for one in plans]
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            for report in pool.map(_quietly, plans):
                dirty += bool(report.difference)
                print(_row(report), flush=True)
    print(f"{len(plans) - dirty} of {len(plans)} clean")
    return not dirty


def _nowhere() -> AbstractContextManager[str]:
    return nullcontext("")


def _quietly(plan: Plan) -> Report:
    with home(plan) as (url, log_file):
        return simulate(plan, url, log_file, tell=lambda line: None)


def _row(report: Report) -> str:
    totals = report.totals or {}
    row = (
        f"{report.plan.seed:>6} {report.calls:>8} {totals.get('movements', 0):>10} {totals.get('lots', 0):>7} "
        f"{sum((report.faults or Counter()).values()):>7} {report.retries:>8} {report.seconds:>8.1f}  "
    )
    if report.difference:
        return f"{row}DIFFERENT {report.difference}\n       repeat: {report.plan.command}"
    return f"{row}{report.digest[:16]} clean"


if __name__ == "__main__":
    main()
