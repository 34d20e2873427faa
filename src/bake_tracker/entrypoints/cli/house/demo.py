"""A day in a small bakery, and the plan for the next, played through the public services on a new SQLite file."""

import shlex
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from bake_tracker.clock import now
from bake_tracker.config import default_log_file, load_settings, sqlite_path, sqlite_url
from bake_tracker.domain.errors import ServiceError, ValidationError
from bake_tracker.entrypoints.cli.explain import why
from bake_tracker.entrypoints.cli.house import bakery
from bake_tracker.entrypoints.cli.log import tree as commands_log
from bake_tracker.entrypoints.cli.log import verify
from bake_tracker.entrypoints.cli.orders.taking import due_words
from bake_tracker.entrypoints.cli.planning import asked
from bake_tracker.entrypoints.cli.production import runs as commands_runs
from bake_tracker.entrypoints.cli.remedies import in_words
from bake_tracker.entrypoints.cli.state import ask, complain, money, print_json, say, state, write
from bake_tracker.entrypoints.cli.stock import receive, shelf
from bake_tracker.log.files import log_files
from bake_tracker.log.reader import read_trees
from bake_tracker.log.setup import configure_logging
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.definitions import load_slugs
from bake_tracker.queries.operations.history import load_runs
from bake_tracker.queries.planning.week import load_plan
from bake_tracker.queries.verify.everything import verify_ledger
from bake_tracker.queries.views.stock import load_stock
from bake_tracker.services.assembly_service import record_assembly
from bake_tracker.services.batch_production_service import check_can_produce, record_batch_production
from bake_tracker.services.catalog.goods import record_good_components
from bake_tracker.services.catalog.measures import record_density
from bake_tracker.services.catalog.recipes import record_recipe, record_recipe_yield
from bake_tracker.services.catalog.things import record_bakery, record_item, record_recipient, record_supplier
from bake_tracker.services.database import Session, dispose_engines, name_in_any_version, prepare, shown_url
from bake_tracker.services.orders.order import OrderResult, record_order
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from bake_tracker.services.reconcile.verification import verify_log
from bake_tracker.services.stock.receipt import record_receipt

NAME = "Demo Bakery"

INGREDIENTS = {
    "Flour": "g",
    "Butter": "g",
    "Sugar": "g",
    "Egg": "each",
    "Ginger": "g",
    "Icing sugar": "g",
    "Water": "ml",
}
MATERIALS = ("Gift box", "Ribbon bow")
LOTS: tuple[tuple[str, int, str, str | None, int | None], ...] = (
    # item, quantity, unit, cost, days until it expires
    ("Flour", 5, "kg", "6.25", 180),
    ("Flour", 1, "lb", "1.10", 30),
    ("Butter", 2, "kg", "17.80", 40),
    ("Sugar", 3, "kg", "4.50", None),
    ("Egg", 2, "dozen", "7.20", 21),
    ("Icing sugar", 500, "g", "1.35", None),
    ("Water", 10, "l", "0", None),
    ("Gift box", 25, "each", "31.25", None),
    ("Ribbon bow", 40, "each", "8.00", None),
)
_ORDERS = (
    (1, "Corner Café", 30, time(15)),
    (3, "Primary school", 12, time(10)),
    (6, "Village hall", 8, time(14, 30)),
)
"""Days ahead, who, how many boxes, and when they are due."""


class ChangedMindError(Exception):
    """The baker stops halfway; raised on purpose."""


def demo() -> None:
    """Play a day in a small bakery on a new file: goods in, baking, packing, refusals, the log of it, and a plan."""
    _fresh_database()
    ids = write(set_up_catalog)
    if not state.as_json:
        say(f"A new bakery in {shown_url(state.url)}; its log is {state.log_file.name} in the same folder.")
    _say("Goods in")
    write(lambda session: _receive_all(session, ids))
    _say("A week of orders: boxes, at 9.50 each")
    today = ask(lambda session: load_bakery(session).local_day(now()))
    for ahead, who, quantity, at in _ORDERS:
        _order(ids["Holiday box"], quantity, who, today + timedelta(days=ahead), at)
    _say("Can we bake two batches of gingerbread?")
    result = ask(lambda session: check_can_produce(ids["Gingerbread"], 2, session=session))
    _show(lambda: commands_runs.show_check(result["can_produce"], result["missing_ingredients"], "2 x gingerbread"))
    _say("Buy ginger and bake the batches; four cookies burn")
    _receive(ids, "Ginger", 100, "g", "3.90")
    _bake(ids, "Gingerbread", "Gingerbread man", 2, 44, loss_reason="burnt at the edge of the oven")
    _say("The shortbread makes two more than planned")
    _bake(ids, "Shortbread", "Shortbread finger", 1, 32)
    _say("Five gift boxes")
    boxes = write(lambda session: record_assembly(ids["Holiday box"], 5, session=session))
    _show(lambda: commands_runs.show_assembly(boxes))
    _say("Ten more? Refused, and no stock is used")
    refused = _refused(lambda session: record_assembly(ids["Holiday box"], 10, session=session))
    _say("Why, and what would have been enough? Ask bake explain")
    _show(lambda: _explain(refused))
    _say("Three operations in one transaction, and the baker changes her mind: none of them happened")
    _roll_back(ids)
    _say("Bake and pack in one go; the boxes are refused, so the bake is not recorded either")
    _refused(
        lambda session: record_bake_and_pack(
            ids["Shortbread"], ids["Shortbread finger"], 1, 30, ids["Holiday box"], 20, session=session
        )
    )
    _report(today + timedelta(days=1))


def _fresh_database() -> None:
    if state.database is None:
        state.database = sqlite_url(user_data_path("bake-tracker") / "demo.db")
        _remove_last_demo(sqlite_path(state.url))
        configure_logging(load_settings(), state.url)
    prepare(state.url)
    if ask(lambda session: load_slugs(session, "item")):
        raise ValidationError.of(
            "database", "the demo needs an empty database; leave out --database, or choose a new file"
        )


def _remove_last_demo(path: Path | None) -> None:
    assert path is not None
    if path.exists():
        if name_in_any_version(state.url) != NAME:
            raise ValidationError.of(
                "database",
                f"{path} holds another bakery, not a demo; move it away, or choose a new file with --database",
            )
        dispose_engines()  # an open connection would keep using the deleted file
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    for file in log_files(default_log_file(state.url)):
        file.unlink(missing_ok=True)


def set_up_catalog(session: Session) -> dict[str, int]:
    """Set up the bakery with its items, recipes and box; return their ids by name."""
    record_bakery(session=session, name=NAME, currency="EUR", time_zone="Europe/Berlin")
    ids = {
        name: record_item("ingredient", name, unit, session=session)["item_id"] for name, unit in INGREDIENTS.items()
    }
    ids |= {name: record_item("material", name, "each", session=session)["item_id"] for name in MATERIALS}
    for name, shelf_life_days in (("Gingerbread man", 30), ("Shortbread finger", 21)):
        item = record_item("finished_unit", name, "each", session=session, shelf_life_days=shelf_life_days)
        ids[name] = item["item_id"]
    ids["Holiday box"] = record_item("finished_good", "Holiday box", "each", session=session)["item_id"]
    ids["Mill"] = record_supplier("Miller & Daughter", session=session)["supplier_id"]
    record_density(ids["Flour"], 1, "cup", 120, "g", session=session)
    record_density(ids["Sugar"], 1, "cup", 200, "g", session=session)

    def lines(*wanted: tuple[str, Any, str]) -> list[Any]:
        return [{"item_id": ids[name], "quantity": quantity, "unit": unit} for name, quantity, unit in wanted]

    icing = lines(("Icing sugar", 120, "g"), ("Water", 2, "tbsp"))
    ids["Icing"] = record_recipe("Icing", icing, session=session)["recipe_id"]
    ginger = lines(("Flour", 3, "cup"), ("Butter", 150, "g"), ("Sugar", Decimal("0.75"), "cup"), ("Egg", 1, "each"))
    ginger += [*lines(("Ginger", 15, "g")), {"sub_recipe_id": ids["Icing"], "quantity": Decimal("0.5")}]
    ids["Gingerbread"] = record_recipe("Gingerbread", ginger, session=session)["recipe_id"]
    short = lines(("Flour", 300, "g"), ("Butter", 200, "g"), ("Sugar", 100, "g"))
    ids["Shortbread"] = record_recipe("Shortbread", short, session=session)["recipe_id"]
    record_recipe_yield(ids["Gingerbread"], ids["Gingerbread man"], 24, session=session)
    record_recipe_yield(ids["Shortbread"], ids["Shortbread finger"], 30, session=session)
    parts: list[Any] = [
        {"item_id": ids[name], "quantity": quantity}
        for name, quantity in (("Gingerbread man", 6), ("Shortbread finger", 4), ("Gift box", 1), ("Ribbon bow", 1))
    ]
    record_good_components(ids["Holiday box"], parts, session=session)
    return ids


def _receive_all(session: Session, ids: dict[str, int]) -> None:
    today = load_bakery(session).local_day(now())
    for name, quantity, unit, cost, days in LOTS:
        result = record_receipt(
            ids[name],
            quantity,
            unit,
            session=session,
            total_cost=None if cost is None else Decimal(cost),
            expires_on=None if days is None else today + timedelta(days=days),
            supplier_id=ids["Mill"],
        )
        _show(lambda result=result: receive.show_receipt(result))


def _receive(ids: dict[str, int], name: str, quantity: int, unit: str, cost: str) -> None:
    result = write(lambda session: record_receipt(ids[name], quantity, unit, session=session, total_cost=Decimal(cost)))
    _show(lambda: receive.show_receipt(result))


def _bake(ids: dict[str, int], recipe: str, unit: str, batches: int, actual: int, **more: Any) -> None:
    result = write(
        lambda session: record_batch_production(ids[recipe], ids[unit], batches, actual, session=session, **more)
    )
    _show(lambda: commands_runs.show_production(result))


def _refused(work: Any) -> str:
    """Do what will be refused; return the id of the refused operation."""
    try:
        write(work)
    except ServiceError as error:
        text = f"Refused: {error}"
        _show(lambda: say(text, style="red"))
        return str(getattr(error, "bake_operation_id", ""))
    raise AssertionError("the demo's stock allows what it should refuse")


def _explain(operation_id: str) -> None:
    say(f"./bake explain {operation_id} --database {shlex.quote(shown_url(state.url))}")
    why.explain([operation_id])


def _roll_back(ids: dict[str, int]) -> None:
    def work(session: Session) -> None:
        record_receipt(ids["Butter"], 1, "kg", session=session, total_cost=Decimal("8.90"))
        record_batch_production(ids["Shortbread"], ids["Shortbread finger"], 1, 30, session=session)
        record_assembly(ids["Holiday box"], 1, session=session)
        raise ChangedMindError("the oven was needed for bread")

    try:
        write(work)
    except ChangedMindError as error:
        text = f"Rolled back: {error}"
        _show(lambda: say(text, style="yellow"))


def _order(item_id: int, quantity: int, who: str, day: date, at: time) -> None:
    def work(session: Session) -> OrderResult:
        recipient_id = record_recipient(who, session=session)["recipient_id"]
        line: Any = {"item_id": item_id, "quantity": quantity, "price": Decimal("9.50")}
        return record_order([line], session=session, due_on=day, due_time=at, recipient_id=recipient_id)

    taken = write(work)
    price = money(taken["total_price"])
    _show(lambda: say(f"Took order {taken['order_id']} for {who}, due {due_words(taken)}, price {price}"))


def _report(tomorrow: date) -> None:
    stock = ask(lambda session: load_stock(session, load_bakery(session).local_day(now())))
    runs = ask(lambda session: load_runs(session, 20))
    trees = read_trees(state.log_file, last=50)
    ledger = ask(verify_ledger)
    log = ask(lambda session: verify_log(session, state.log_file))
    plan = in_words(ask(lambda session: load_plan(session, now(), tomorrow, tomorrow)))
    if state.as_json:
        print_json({"stock": stock, "runs": runs, "verify": ledger, "log_verify": log, "plan": plan})
    _say("What is on the shelf, and what it cost")
    _show(lambda: shelf.show_stock(stock))
    _say("What was made")
    _show(lambda: commands_runs.show_runs(runs))
    _say("The log explains all of it")
    _show(lambda: commands_log.draw_all(trees[1:]))
    _say("And it all adds up")
    _show(lambda: bakery.show_verification(ledger))
    _show(lambda: verify.show_verification(log))
    if ledger["drift"] or not log["clean"]:
        complain("The demo did not verify.")
        raise SystemExit(1)
    _say("What to make and buy for tomorrow")
    _show(lambda: asked.show_plan(plan))


def _say(text: str) -> None:
    _show(lambda: say(""))
    _show(lambda: say(text, style="bold"))


def _show(render: Any) -> None:
    if not state.as_json:
        render()
