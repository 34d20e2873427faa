"""Rate limits per user or address, in one process."""

import math
import threading
import time
from collections import OrderedDict

MOST_KEPT = 10_000


class Limiter:
    """A token bucket per key, in memory: each worker counts its own requests."""

    def __init__(self, per_minute: int) -> None:
        self.per_second = per_minute / 60
        self.most = max(per_minute / 2, 1)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str) -> int:
        """Take one request from the bucket: 0, or the seconds to wait when it is empty."""
        at = time.monotonic()
        with self._lock:
            left, since = self._buckets.pop(key, (self.most, at))
            left = min(self.most, left + (at - since) * self.per_second)
            allowed = left >= 1
            self._buckets[key] = (left - allowed, at)
            if len(self._buckets) > MOST_KEPT:
                self._buckets.popitem(last=False)
        return 0 if allowed else math.ceil((1 - left) / self.per_second)
