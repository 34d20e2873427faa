"""Draw what was explained: one tree for each lot, operation or refusal, with the reason beside every choice."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from rich.tree import Tree

from bake_tracker.domain.log.tree import build_trees
from bake_tracker.entrypoints.cli.log.lines import spent
from bake_tracker.entrypoints.cli.log.tree import draw_all
from bake_tracker.entrypoints.cli.state import money, out, say, show_table, twig

CANDIDATES = 20
RECEIVING = ("record_receipt", "record_delivery")
One = TypeVar("One")


def show_story(story: dict[str, Any], limit: int) -> None:
    """Print all that was found, each as its own tree."""
    for lot in story.get("lots", ()):
        out.print(_lot_tree(lot, limit))
    _say_rest(story.get("lot_count", 0) - len(story.get("lots", ())), "lots with this code")
    if "item" in story:
        _show_item(story["item"], limit)
    for need in (story[name] for name in ("need", "recipe") if name in story):
        out.print(_need_tree(need, limit))
    if "operation" in story:
        out.print(_operation_tree(story["operation"], story["log"], limit, story.get("log_not_read")))
    for refusal in story.get("refusals", ()):
        title = f"refused {_when(refusal['at'])}: {refusal['operation']}  {str(refusal['operation_id'])[:13]}"
        out.print(_refusal_tree(refusal, title))
    if "refused" in story:
        draw_all(build_trees(story["log"]))
        out.print(_refusal_tree(story["refused"], _refused_title(story["refused"])))


def show_candidates(story: dict[str, Any]) -> None:
    """Print what may be meant, so that one of them can be named."""
    say("Several are called so; name one of them:")
    rows = story["candidates"]
    show_table(
        {"operation": "left", "what": "left", "outcome": "left", "when": "left"},
        ([row["operation_id"], row["operation"], row["outcome"], _when(row["at"])] for row in rows[:CANDIDATES]),
    )
    if len(rows) > CANDIDATES:
        say("and more; write more of the id")


def _show_item(item: dict[str, Any], limit: int) -> None:
    unit = item["unit"]
    parts = [f"{item['usable']} {unit} usable"]
    parts += [
        f"{item[name]} {unit} {text}"
        for name, text in (("expired", "expired"), ("on_hold", "on hold"))
        if item[name] != "0"
    ]
    order = "first expired, first out" if item["policy"] == "fefo" else "first in, first out"
    say(f"{item['name']}: {item['on_hand']} {unit} on hand, {', '.join(parts)}; {order}", style="bold")
    for lot in item["lots"]:
        out.print(_lot_tree(lot, limit))
    _say_rest(item["lot_count"] - len(item["lots"]), "lots, later in the order")


def _lot_tree(lot: dict[str, Any], limit: int) -> Tree:
    tree = Tree(twig(_lot_line(lot)), guide_style="dim")
    if "shelf" in lot:
        _add(tree, _place(lot["shelf"]))
    if lot.get("ahead") and lot["shelf"]["state"] == "open" and lot["ahead"]["lot_count"]:
        ahead = lot["ahead"]
        more = ahead["lot_count"] - len(ahead["lot_codes"])
        codes = ", ".join(ahead["lot_codes"]) + (f" and {more} more" if more else "")
        _add(tree, f"ahead of it: {ahead['quantity']} {lot['unit']} in {codes}")
    _add_cost(tree, lot)
    _add_draws(tree, lot["used"], lot, limit)
    if "went" in lot:
        _add_went(tree, lot)
    return tree


def _place(shelf: dict[str, Any]) -> str:
    if shelf["state"] == "used up":
        return "now: used up"
    now = f"now: {shelf['on_hand']} {shelf['unit']} left, worth {money(shelf['value'])}"
    if shelf["state"] == "expired":
        return f"{now}; not used: expired {shelf['expires_on']}"
    if shelf["state"] == "on hold":
        return f"{now}; not used: on hold"
    return f"{now}; next to be used" if shelf["place"] == 1 else f"{now}; number {shelf['place']} in the order of use"


def _add_cost(tree: Tree, lot: dict[str, Any]) -> None:
    """What one of it cost, down to the receipts; of what is unknown, which receipt lacks its price."""
    if lot["lacks_price"]:
        _add(tree, f"cost unknown: no price for {', '.join(lot['lacks_price'])}", "yellow")
    if len(lot["receipts"]) < 2:
        return
    lost = f"; {money(lot['loss_cost'])} more went with the loss" if lot["loss_cost"] not in (None, "0.00") else ""
    total = (
        f": {money(lot['unit_cost'])} each" if lot["unit"] == "each" else f": {money(lot['unit_cost'])} a {lot['unit']}"
    )
    branch = tree.add(twig(f"rests on{total if lot['unit_cost'] else ''}{lost}"))
    for share in lot["receipts"]:
        source = f" from {share['supplier']}" if share["supplier"] else ""
        text = f"{share['quantity']} {share['unit']} of {share['lot_code']}{source}: {money(share['cost'])}"
        _add(branch, text, "" if share["cost"] else "yellow")


def _add_draws(branch: Tree, draws: Sequence[dict[str, Any]], made: dict[str, Any] | None, limit: int) -> None:
    def add(draw: dict[str, Any]) -> None:
        lot = draw["lot"]
        share = (
            f" ({money(draw['unit_share'])} of each)" if made and made["unit"] == "each" and draw["unit_share"] else ""
        )
        line = f"{draw['quantity']} {lot['unit']} for {money(draw['cost'])}{share} of {_lot_line(lot)}"
        below = branch.add(twig(line))
        _add(below, f"why this lot: {draw['why']}")
        for other in draw["passed_over"]:
            _add(below, _passed_over(other), "dim" if other["state"] == "later" else "yellow")
        if lot["shown_above"] and lot["operation"] not in RECEIVING:
            _add(below, "made of: shown above", "dim")
        if lot["cut_off"]:
            _add(below, f"made of: bake explain {lot['lot_code']}", "dim")
        _add_draws(below, lot["used"], lot, limit)

    _each(draws, limit, add, lambda count: _add(branch, f"and {count} more draws; --all shows them", "dim"))


def _passed_over(other: dict[str, Any]) -> str:
    name = f"{other['lot_code']}: " if other["lot_code"] else ""
    return f"passed over: {name}{other['quantity']} {other['unit']}, {other['why']}"


def _add_went(tree: Tree, lot: dict[str, Any]) -> None:
    for went in lot["went"]:
        into = f" into {went['into']}" if went["into"] else ""
        text = f"{went['quantity']} {lot['unit']} for {money(went['cost'])}{into}"
        _add(tree, f"went: {text}, {went['operation']} {went['operation_id'][:13]} {_when(went['at'])}")
    if more := lot["went_count"] - len(lot["went"]):
        _add(tree, f"went: {more} more times; --all shows them", "dim")


def _lot_line(lot: dict[str, Any]) -> str:
    source = f" from {lot['supplier']}" if lot["supplier"] else ""
    verb = "received" if lot["operation"] in RECEIVING else "made"
    return (
        f"{lot['lot_code']}: {lot['quantity']} {lot['unit']} {verb} {lot['received_on']}{source} "
        f"for {money(lot['cost'])} ({lot['operation_id'][:13]})"
    )


def _operation_tree(
    view: dict[str, Any], lines: Sequence[dict[str, Any]], limit: int, log_not_read: str | None
) -> Tree:
    by = f" by {view['actor']}" if view["actor"] else ""
    head = f"{view['operation']}  {view['operation_id']}"
    tree = Tree(twig(head, "bold"), guide_style="dim")
    _add(tree, f"recorded {_when(view['recorded_at'])}{by}, attempt {view['attempt']}")
    _add(tree, f"asked: {_asked(view['arguments'], view['names'])}")
    beside = f", beside {view['beside']} other operations" if view["beside"] else ""
    if undone := view["reversed_by"]:
        _add(tree, f"reversed by {undone['operation_id']}: {undone['reason']}", "yellow")
    if undoes := view["reverses"]:
        _add(tree, f"reverses {undoes['operation']} {undoes['operation_id']}: {undoes['reason']}")
    _add(tree, f"in transaction {view['transaction_id'][:13]}{beside}")
    for parent in view["parents"]:
        _add(tree, f"part of {parent['operation']} {parent['operation_id']}")
    _each(
        view["children"],
        limit,
        lambda child: _add(tree, f"made of {child['operation']} {child['operation_id']}"),
        lambda count: _add(tree, f"made of {count} more operations; --all shows them", "dim"),
    )
    for line in lines:
        error = f": {line['error']}" if line.get("error") else ""
        _add(tree, f"log: {line['outcome']} at attempt {line.get('attempt', 1)}, {spent(line)}{error}")
    if not lines:
        _add(tree, "log: it cannot be read" if log_not_read else "log: no line of it is left", "yellow")

    def add(lot: dict[str, Any]) -> None:
        branch = tree.add(twig(_lot_line(lot)))
        _add_cost(branch, lot)
        if lot["shown_above"] and lot["operation"] not in RECEIVING:
            _add(branch, "made of: shown above", "dim")
        _add_draws(branch, lot["used"], lot, limit)

    _each(view["brought"], limit, add, lambda count: _add(tree, f"and {count} more lots; --all shows them", "dim"))
    _add_draws(tree, view["used"], None, limit)
    return tree


def _need_tree(need: dict[str, Any], limit: int) -> Tree:
    made = f", which makes {' and '.join(need['makes'])}" if need["what"] == "batch" and need["makes"] else ""
    each = f", {money(need['unit_cost'])} each" if need["unit_cost"] and need["what"] == "batch" else ""
    head = f"one {need['what']} of {need['slug']} today{made}: "
    head += (
        f"cost {money(need['cost'])}{each}; the stock allows {need['enough_for']}"
        if need["possible"]
        else "not possible"
    )
    tree = Tree(twig(head, "bold"), guide_style="dim")
    if need["problem"]:
        _add(tree, need["problem"], "red")
    if need["lacks_price"]:
        _add(tree, f"cost unknown: no price for {', '.join(need['lacks_price'])}", "yellow")
    for item in need["items"]:
        missing = item["missing"] != "0"
        text = f"{item['needed']} {item['unit']} of {item['item_slug']}"
        branch = tree.add(twig(f"{text}: {item['missing']} short" if missing else text, "red" if missing else ""))
        _each(
            item["draws"],
            limit,
            lambda draw, unit=item["unit"], branch=branch: _add(  # type: ignore[misc]
                branch, f"{draw['quantity']} {unit} for {money(draw['cost'])} of {draw['lot_code']}: {draw['why']}"
            ),
            lambda count, branch=branch: _add(branch, f"and {count} more lots; --all shows them", "dim"),  # type: ignore[misc]
        )
        for other in item["passed_over"]:
            _add(branch, _passed_over(other), "yellow")
    return tree


def _refused_title(refused: dict[str, Any]) -> str:
    by = f" by {refused['actor']}" if refused["actor"] else ""
    return f"{refused['outcome']}: {refused['operation']}{by}, {_when(refused['at'])}"


def _refusal_tree(refused: dict[str, Any], title: str) -> Tree:
    """What was asked and what it lacked; then what is there now, and what is there but may not be used."""
    tree = Tree(twig(title, "bold"), guide_style="dim")
    if refused["asked"]:
        _add(tree, f"asked: {_asked(refused['asked'], refused['names'])}")
    if refused["cause_operation_id"]:
        _add(tree, f"because of {refused['cause_operation_id']}")
    for undone in refused.get("undone", ()):
        text = f"undone with it: {undone['operation']} {undone['operation_id'][:13]}"
        _add(tree, f"{text}; what it made was there then, and is not now" if refused["short"] else text, "yellow")
    for short in refused["short"]:
        unit = short["unit"]
        text = f"{short['item_slug']}: needed {short['needed']} {unit}, had {short['available']}"
        branch = tree.add(twig(f"{text}; {short['missing']} {unit} more would have been enough", "red"))
        now = short["now"]
        if later := short.get("came_later"):
            _add(
                branch, f"{later} {unit} came in only after that day: say when it was made, or when that came", "yellow"
            )
            if now and now["missing"] == "0":
                continue  # there is enough, but was not then
        if now is None:
            _add(branch, "now: there is no such item", "yellow")
            continue
        if now["missing"] == "0":
            _add(branch, f"now there is enough: {now['usable']} {unit}", "green")
        else:
            _add(branch, f"still {now['missing']} {unit} short: {now['usable']} usable now", "red")
        for other in now["passed_over"]:
            _add(branch, _passed_over(other), "yellow")
    if not refused["short"] and refused["error"]:
        _add(tree, str(refused["error"]), "red")
    if refused["remedy"]:
        _add(tree, f"what helps: {refused['remedy']}")
    return tree


def _asked(arguments: dict[str, Any], names: dict[str, str]) -> str:
    shown = []
    for name, value in arguments.items():
        if value is None:
            continue
        text = f"{len(value)} {name}" if isinstance(value, list | dict) else f"{name}={value}"
        shown.append(f"{text} ({names[name]})" if name in names else text)
    return ", ".join(shown) or "nothing"


def _each(some: Sequence[One], limit: int, show: Callable[[One], Any], rest: Callable[[int], Any]) -> None:
    """Show the first and count the others."""
    for one in some[:limit]:
        show(one)
    if len(some) > limit:
        rest(len(some) - limit)


def _say_rest(count: int, what: str) -> None:
    if count > 0:
        say(f"and {count} more {what}; --all shows them", style="dim")


def _add(branch: Tree, text: str, style: str = "") -> None:
    branch.add(twig(text, style))


def _when(at: str) -> str:
    return f"{at[:19].replace('T', ' ')} UTC"
