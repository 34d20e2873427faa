"""Which test runs where and when: modules whole, the slowest first, so that no worker is left alone with them."""

from random import Random
from typing import Any

import pytest

BROWSER = "tests/web/test_browser"
"""The modules that begin so share one browser."""

SLOWEST = (
    BROWSER,
    "tests/faults/test_worker_killed_under_load.py",
    "tests/services/test_reversal_machine.py",
    "tests/benchmarks/test_simulation.py",
    "tests/faults/test_server_killed_under_load.py",
    "tests/faults/test_cut_during_commit.py",
    "tests/faults/test_killed_between_commit_and_line.py",
    "tests/database/test_upgrade.py",
    "tests/api/test_api.py",
    "tests/services/archive/test_archive.py",
    "tests/faults/test_killed_in_the_middle_of_load.py",
    "tests/log/test_log_verify.py",
    "tests/database/test_two_processes.py",
    "tests/test_house.py",
    "tests/services/importing/test_export.py",
    "tests/services/test_seal.py",
    "tests/docs/test_docs.py",
    "tests/database/test_transaction_outcomes.py",
    "tests/faults/test_clock_going_backwards.py",
    "tests/database/test_database.py",
    "tests/benchmarks/test_operation_benchmarks.py",
    "tests/benchmarks/test_benchmarks.py",
    "tests/web/test_serve.py",
    "tests/services/test_reversal.py",
    "tests/benchmarks/test_start_benchmark.py",
)


def put_slow_modules_first(items: list[pytest.Item]) -> None:
    ranks = {module: rank for rank, module in enumerate(SLOWEST)}
    items.sort(key=lambda item: ranks.get(_unit(item.nodeid), len(ranks)))


def shuffle(items: list[pytest.Item], seed: str) -> None:
    """Modules in an order by chance, and the tests within each of them."""
    chance = Random(seed)
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(_unit(item.nodeid), []).append(item)
    units = [*modules.values()]
    chance.shuffle(units)
    for unit in units:
        chance.shuffle(unit)
    items[:] = [item for unit in units for item in unit]


def by_module(config: pytest.Config, log: Any) -> Any:
    """A scheduler of pytest-xdist that gives a worker one module after the other."""
    from xdist.scheduler import LoadScopeScheduling  # not everybody who runs one test has it

    class ByModule(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _unit(nodeid)

    config.option.loadscopereorder = False  # the order is ours
    return ByModule(config, log)


def _unit(nodeid: str) -> str:
    module = nodeid.partition("::")[0]
    return BROWSER if module.startswith(BROWSER) else module
