"""A server's clients: bakers, each with a token, who read and record at random and remember the answers."""

import http.client
import json
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from benchmarks.concurrency import Bakery, Heard

BARE = "one row"
WEIGHTS = {"stock": 15, "check": 25, "history": 10, "receive": 12, "bake": 20, "box": 18}
RECORDING = ("receive", "bake", "box", "again")
SENT_AGAIN = 0.1
"""The share of recordings that are sent again with the same key: answer and stock must stay the same."""
SHORT = ("insufficient_inventory", "insufficient_components")
G = EACH = 1_000_000


@dataclass
class Told:
    """The answers by kind of request, and what the shelf must hold by them, in millionths."""

    heard: defaultdict[str, Heard] = field(default_factory=lambda: defaultdict(Heard))
    shelf: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Told") -> None:
        for kind, heard in other.heard.items():
            self.heard[kind].add(heard)
        self.shelf.update(other.shelf)  # unlike +, it keeps negative counts


class Caller:
    """One connection. The standard library's client leaves more of the shared machine to the servers."""

    def __init__(self, port: int, token: str, told: Told) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.told = told

    def ask(self, kind: str, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """Return the answer; None for a shortage or an unexpected answer."""
        heard = self.told.heard[kind]
        headers = self.headers if key is None else {**self.headers, "Idempotency-Key": key}
        started = time.perf_counter()
        try:
            self.http.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self.http.getresponse()
            sent = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.http.close()
            heard.broke[f"{kind}: {type(error).__name__}: {error}"] += 1
            return None
        finally:
            heard.took_s.append(time.perf_counter() - started)
        if answer.status == (200 if key is None and kind != BARE else 201):
            return json.loads(sent)
        if answer.status == 409 and key is not None and json.loads(sent)["code"] in SHORT:
            heard.refused += 1
        else:
            heard.broke[f"{kind}: {answer.status} {sent.decode()[:200]}"] += 1
        return None


class Baker:
    """Somebody who makes random requests by the weights above."""

    def __init__(self, caller: Caller, bakery: Bakery, rng: random.Random) -> None:
        self.caller, self.bakery, self.rng = caller, bakery, rng

    def ask(self) -> None:
        kind = self.rng.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
        getattr(self, kind)()

    def write_row(self) -> None:
        """Write a row by the bare route."""
        self.caller.ask(BARE, "POST", "/rows", {"item_id": self.bakery.flour, "quantity": "1.5", "unit": "kg"})

    def stock(self) -> None:
        self.caller.ask("stock", "GET", "/api/v1/stock")

    def check(self) -> None:
        if self.rng.random() < 0.5:
            body = {"recipe_id": self.bakery.cookies, "num_batches": self.rng.randint(1, 5)}
            self.caller.ask("check", "POST", "/api/v1/productions/check", body)
        else:
            body = {"finished_good_id": self.bakery.box, "quantity": self.rng.randint(1, 5)}
            self.caller.ask("check", "POST", "/api/v1/assemblies/check", body)

    def history(self) -> None:
        """Read up to two slices of the history."""
        page = self.caller.ask("history", "GET", "/api/v1/runs?limit=20")
        if page and page["next"]:
            self.caller.ask("history", "GET", f"/api/v1/runs?limit=20&after={page['next']}")

    def receive(self) -> None:
        body = {"item_id": self.bakery.flour, "quantity": 1, "unit": "kg", "total_cost": "1.85"}
        self._record("receive", "/api/v1/receipts", body, {self.bakery.flour: 1000 * G})

    def bake(self) -> None:
        made = self.rng.choice((24, 24, 23, 25))
        body = {"recipe_id": self.bakery.cookies, "finished_unit_id": self.bakery.cookie, "num_batches": 1}
        effect = {self.bakery.flour: -500 * G, self.bakery.cookie: made * EACH}
        self._record("bake", "/api/v1/productions", {**body, "actual_yield": made}, effect)

    def box(self) -> None:
        boxes = self.rng.randint(1, 6)
        effect = {self.bakery.cookie: -6 * boxes * EACH, self.bakery.box: boxes * EACH}
        self._record("box", "/api/v1/assemblies", {"finished_good_id": self.bakery.box, "quantity": boxes}, effect)

    def _record(self, kind: str, path: str, body: dict[str, Any], effect: dict[int, int]) -> None:
        key = str(uuid4())
        first = self.caller.ask(kind, "POST", path, body, key)
        if first is None:
            return
        self.caller.told.heard[kind].acknowledged.add(first["operation_id"])
        self.caller.told.shelf.update(effect)
        if first["operation_id"] != key:
            self.caller.told.heard[kind].broke[f"{kind}: the operation's id is not the key"] += 1
        if self.rng.random() < SENT_AGAIN and self.caller.ask("again", "POST", path, body, key) != first:
            self.caller.told.heard["again"].broke["again: the answer differs from the first"] += 1
