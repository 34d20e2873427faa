"""Draw explanations: one tree for each lot, operation or refusal, with the reason for every choice."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from rich.tree import Tree

from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.domain.log.tree import build_trees
from bake_tracker.entrypoints.cli.explain.outflows import add_outflows
from bake_tracker.entrypoints.cli.log.lines import spent
from bake_tracker.entrypoints.cli.log.tree import draw_all
from bake_tracker.entrypoints.cli.state import adding_up, counted, money, out, price, say, show_table, twig

CANDIDATES = 20
RECEIVING = ("record_receipt", "record_delivery")
One = TypeVar("One")


def show_story(story: dict[str, Any], limit: int) -> None:
    """Print everything that was found, each as its own tree."""
    for lot in story.get("lots", ()):
        out.print(_lot_tree(lot, limit))
    _say_rest(story.get("lot_count", 0) - len(story.get("lots", ())), "lots with this code")
    if "item" in story:
        _show_item(story["item"], limit)
    for need in (story[name] for name in ("need", "recipe") if name in story):
        out.print(_need_tree(need, limit))
    if "operation" in story:
        out.print(_operation_tree(story["operation"], story["log"], limit, story.get("log_not_read")))
    refusals = story.get("refusals", ())
    for refusal in refusals:
        by = f" by {refusal['actor']}" if refusal["actor"] else ""
        title = f"refused {_when(refusal['at'])}{by}: {refusal['operation']}  {str(refusal['operation_id'])[:13]}"
        out.print(_refusal_tree(refusal, title))
    _say_rest(story.get("refusal_count", 0) - len(refusals), "refusals")
    if "refused" in story:
        draw_all(build_trees(story["log"]))
        out.print(_refusal_tree(story["refused"], _refused_title(story["refused"])))


def show_candidates(story: dict[str, Any]) -> None:
    """Print the operations that match, so that one can be chosen."""
    say("Several operations match; use the full id of one:")
    rows = story["candidates"]
    show_table(
        {"operation": "left", "what": "left", "outcome": "left", "when": "left"},
        ([row["operation_id"], row["operation"], row["outcome"], _when(row["at"])] for row in rows[:CANDIDATES]),
    )
    if len(rows) > CANDIDATES:
        say("and more; type more of the id")


def _show_item(item: dict[str, Any], limit: int) -> None:
    unit = item["unit"]
    parts = [f"{amount(item['usable'], unit)} usable"]
    parts += [
        f"{amount(item[name], unit)} {text}"
        for name, text in (("expired", "expired"), ("on_hold", "on hold"))
        if item[name] != "0"
    ]
    order = "first expired, first out" if item["policy"] == "fefo" else "first in, first out"
    say(f"{item['name']}: {amount(item['on_hand'], unit)} on hand, {', '.join(parts)}; {order}", style="bold")
    if item["outflows"]:
        tree = Tree(twig("went to"), guide_style="dim")
        add_outflows(tree, item["outflows"], unit, limit, of_item=True)
        out.print(tree)
    for lot in item["lots"]:
        out.print(_lot_tree(lot, limit))
    _say_rest(item["lot_count"] - len(item["lots"]), "lots to be used later")


def _lot_tree(lot: dict[str, Any], limit: int) -> Tree:
    tree = Tree(twig(_lot_line(lot)), guide_style="dim")
    if "shelf" in lot:
        _add(tree, _place(lot["shelf"]))
    add_outflows(tree, lot.get("outflows", ()), lot["unit"], limit)
    if lot.get("ahead") and lot["shelf"]["state"] == "open" and lot["ahead"]["lot_count"]:
        ahead = lot["ahead"]
        more = ahead["lot_count"] - len(ahead["lot_codes"])
        codes = ", ".join(ahead["lot_codes"]) + (f" and {more} more" if more else "")
        _add(tree, f"used before it: {amount(ahead['quantity'], lot['unit'])} in {codes}")
    _add_cost(tree, lot)
    _add_draws(tree, lot["used"], lot, limit)
    return tree


def _place(shelf: dict[str, Any]) -> str:
    if shelf["state"] == "used up":
        return "now: used up"
    now = f"now: {amount(shelf['on_hand'], shelf['unit'])} left, worth {money(shelf['value'])}"
    if shelf["state"] == "expired":
        return f"{now}; not used: expired {shelf['expires_on']}"
    if shelf["state"] == "on hold":
        return f"{now}; not used: on hold"
    return f"{now}; next to be used" if shelf["place"] == 1 else f"{now}; number {shelf['place']} in the order of use"


def _add_cost(tree: Tree, lot: dict[str, Any]) -> None:
    """Add the cost of one unit, receipt by receipt, and the receipts whose price is missing."""
    _add_stated(tree, lot)
    if lot["stated"]:
        _add(tree, f"cost as recorded: {money(lot['cost_as_recorded'])}")
    if lot["lacks_price"]:
        _add(tree, f"cost unknown: no price for {', '.join(lot['lacks_price'])}", "yellow")
    if len(lot["receipts"]) < 2:
        return
    lost = f"; another {money(lot['loss_cost'])} was lost in baking" if lot["loss_cost"] not in (None, "0.00") else ""
    per = "each" if lot["unit"] == "each" else f"per {lot['unit']}"
    total = f": {price(lot['unit_cost'])} {per}" if lot["unit_cost"] else ""
    branch = tree.add(twig(f"cost by receipt{total}{lost}"))
    costs = adding_up([share["cost"] for share in lot["receipts"]], lot["unit_cost"], each=True)
    for share, cost in zip(lot["receipts"], costs, strict=True):
        source = f" from {share['supplier']}" if share["supplier"] else ""
        text = f"{amount(share['quantity'], share['unit'])} of {share['lot_code']}{source}: {cost}"
        _add(branch, text, "" if share["cost"] else "yellow")


def _add_stated(tree: Tree, lot: dict[str, Any]) -> None:
    for one in lot["stated"]:
        document = f" {one['document']}" if one["document"] else ""
        _add(tree, f"stated on {one['stated_on']} by {one['kind']}{document}: {money(one['change'])}")


def _add_draws(branch: Tree, draws: Sequence[dict[str, Any]], made: dict[str, Any] | None, limit: int) -> None:
    def add(draw: dict[str, Any]) -> None:
        lot = draw["lot"]
        share = (
            f" ({price(draw['unit_share'])} for each)" if made and made["unit"] == "each" and draw["unit_share"] else ""
        )
        line = f"{amount(draw['quantity'], lot['unit'])} for {money(draw['cost'])}{share} from {_lot_line(lot)}"
        below = branch.add(twig(line))
        _add(below, f"why this lot: {draw['why']}")
        _add_stated(below, lot)
        for other in draw["passed_over"]:
            _add(below, _passed_over(other), "dim" if other["state"] == "later" else "yellow")
        if lot["shown_above"] and lot["operation"] not in RECEIVING:
            _add(below, "made of: shown above", "dim")
        if lot["cut_off"]:
            _add(below, f"made of: bake explain {lot['lot_code']}", "dim")
        _add_draws(below, lot["used"], lot, limit)

    _each(draws, limit, add, lambda count: _add(branch, f"and {count} more; --all shows them", "dim"))


def _passed_over(other: dict[str, Any]) -> str:
    name = f"{other['lot_code']}: " if other["lot_code"] else ""
    return f"not used: {name}{amount(other['quantity'], other['unit'])}, {other['why']}"


def _lot_line(lot: dict[str, Any]) -> str:
    source = f" from {lot['supplier']}" if lot["supplier"] else ""
    carried = lot["operation"] == "record_unit_change"
    verb = "received" if lot["operation"] in RECEIVING else "in another unit, received" if carried else "made"
    return (
        f"{lot['lot_code']}: {amount(lot['quantity'], lot['unit'])} {verb} on {lot['received_on']}{source} "
        f"for {money(lot['cost'])} ({lot['operation_id'][:13]})"
    )


def _operation_tree(
    view: dict[str, Any], lines: Sequence[dict[str, Any]], limit: int, log_not_read: str | None
) -> Tree:
    by = f" by {view['actor']}" if view["actor"] else ""
    head = f"{view['operation']}  {view['operation_id']}"
    tree = Tree(twig(head, "bold"), guide_style="dim")
    _add(tree, f"recorded {_when(view['recorded_at'])}{by}, attempt {view['attempt']}")
    _add(tree, f"arguments: {_asked(view['arguments'], view['names'])}")
    beside = f", with {counted(view['beside'], 'other operation')}" if view["beside"] else ""
    if undone := view["reversed_by"]:
        _add(tree, f"undone by {undone['operation_id']}: {undone['reason']}", "yellow")
    if undoes := view["reverses"]:
        _add(tree, f"undoes {undoes['operation']} {undoes['operation_id']}: {undoes['reason']}")
    _add(tree, f"in transaction {view['transaction_id'][:13]}{beside}")
    for parent in view["parents"]:
        _add(tree, f"part of {parent['operation']} {parent['operation_id']}")
    _each(
        view["children"],
        limit,
        lambda child: _add(tree, f"includes {child['operation']} {child['operation_id']}"),
        lambda count: _add(tree, f"includes {count} more operations; --all shows them", "dim"),
    )
    for line in lines:
        error = f": {line['error']}" if line.get("error") else ""
        _add(tree, f"log: {line['outcome']} on attempt {line.get('attempt', 1)}, {spent(line)}{error}")
    if not lines:
        why = "cannot be read" if log_not_read else "has no line for it; bake log verify says why"
        _add(tree, f"log: {why}", "yellow")

    def add(lot: dict[str, Any]) -> None:
        branch = tree.add(twig(_lot_line(lot)))
        _add_cost(branch, lot)
        if lot["shown_above"] and lot["operation"] not in RECEIVING:
            _add(branch, "made of: shown above", "dim")
        _add_draws(branch, lot["used"], lot, limit)

    for lot in view["stated"]:
        _add(tree, f"lot {lot['lot_code']} cost {money(lot['before'])}, now {money(lot['after'])}")
    _each(view["brought"], limit, add, lambda count: _add(tree, f"and {count} more lots; --all shows them", "dim"))
    _add_draws(tree, view["used"], None, limit)
    return tree


def _need_tree(need: dict[str, Any], limit: int) -> Tree:
    makes = [amount_of(*text.split(" ", 2)) for text in need["makes"]]
    made = f", making {' and '.join(makes)}" if need["what"] == "batch" and makes else ""
    each = f", {price(need['unit_cost'])} each" if need["unit_cost"] and need["what"] == "batch" else ""
    head = f"One {need['what']} of {need['slug']} today{made}: "
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
        text = amount_of(item["needed"], item["unit"], item["item_slug"])
        short = f": {amount(item['missing'], item['unit'])} short" if missing else ""
        branch = tree.add(twig(f"{text}{short}", "red" if missing else ""))
        _each(
            item["draws"],
            limit,
            lambda draw, unit=item["unit"], branch=branch: _add(  # type: ignore[misc]
                branch,
                f"{amount(draw['quantity'], unit)} for {money(draw['cost'])} from {draw['lot_code']}: {draw['why']}",
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
    """Draw the arguments and the shortages; then what is available now, and what is on hand but may not be used."""
    tree = Tree(twig(title, "bold"), guide_style="dim")
    if refused["asked"]:
        _add(tree, f"arguments: {_asked(refused['asked'], refused['names'])}")
    if refused["cause_operation_id"]:
        _add(tree, f"because of {refused['cause_operation_id']}")
    for undone in refused.get("undone", ()):
        text = f"rolled back with it: {undone['operation']} {undone['operation_id'][:13]}"
        _add(
            tree,
            f"{text}; what it made was available only inside the transaction" if refused["short"] else text,
            "yellow",
        )
    for short in refused["short"]:
        unit = short["unit"]
        needed, there, missing = (amount(short[name], unit) for name in ("needed", "available", "missing"))
        text = f"{short['item_slug']}: {needed} needed, {there} available"
        branch = tree.add(twig(f"{text}; {missing} more would have been enough", "red"))
        now = short["now"]
        if later := short.get("came_later"):
            text = f"{amount(later, unit)} arrived only after that day; correct the date of the run or of the receipt"
            _add(branch, text, "yellow")
            if now and now["missing"] == "0":
                continue  # enough now, but not then
        if now is None:
            _add(branch, "now: this item no longer exists", "yellow")
            continue
        if now["missing"] == "0":
            _add(branch, f"now there is enough: {amount(now['usable'], unit)}", "green")
        else:
            _add(branch, f"still {amount(now['missing'], unit)} short: {amount(now['usable'], unit)} usable now", "red")
        for other in now["passed_over"]:
            _add(branch, _passed_over(other), "yellow")
    if not refused["short"] and refused["error"]:
        _add(tree, str(refused["error"]), "red")
    if refused["remedy"]:
        _add(tree, f"what to do: {refused['remedy']}")
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
    """Show the first ones and count the rest."""
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
