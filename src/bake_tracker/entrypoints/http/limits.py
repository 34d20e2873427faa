"""Rate limits per user or address, in one process."""

import math
import threading
import time
from collections import OrderedDict

MOST_KEPT = 10_000


class Limiter:
    """A token bucket per key, in memory: each worker counts its own requests.

    It also remembers whose token or cookie was valid lately, by its hash.
    """

    def __init__(self, per_minute: int) -> None:
        self.per_second = per_minute / 60
        self.most = max(per_minute / 2, 1)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._trusted: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, key: str, take: int = 1) -> int:
        """Take one request from the bucket, or only look: 0, or the seconds to wait when it is empty."""
        at = time.monotonic()
        with self._lock:
            left, since = self._buckets.pop(key, (self.most, at))
            left = min(self.most, left + (at - since) * self.per_second)
            allowed = left >= 1
            self._buckets[key] = (left - take * allowed, at)
            if len(self._buckets) > MOST_KEPT:
                self._buckets.popitem(last=False)
        return 0 if allowed else math.ceil((1 - left) / self.per_second)

    def trust(self, key: str, *, is_valid: bool) -> None:
        """Remember a token or cookie that was valid; forget one that no longer is."""
        with self._lock:
            self._trusted.pop(key, None)
            if is_valid:
                self._trusted[key] = None
            if len(self._trusted) > MOST_KEPT:
                self._trusted.popitem(last=False)

    def is_trusted(self, key: str) -> bool:
        """Whether this token or cookie was valid lately."""
        with self._lock:
            return key in self._trusted
