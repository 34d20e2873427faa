"""Waiting for a condition, as long as a busy machine may take."""

import time
from collections.abc import Callable

PATIENCE_S = 600
"""How long to wait for another process. Only a bug makes it wait so long, however busy the machine is."""


def wait_until(is_so: Callable[[], object]) -> None:
    """Ask again and again; a test that has waited this long fails."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.002)
