"""Explain an operation, a run, a lot, an item, a cost or a refusal."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rapidfuzz import fuzz, process

from bake_tracker.clock import now
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.ids import digits_of, spellings
from bake_tracker.domain.log.conditions import Condition
from bake_tracker.domain.log.outcomes import BEGINNINGS
from bake_tracker.domain.log.query import LogQuery
from bake_tracker.domain.log.tree import LogLine, OperationNode, TransactionNode, walk
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.explain.trees import show_candidates, show_story
from bake_tracker.entrypoints.cli.lookup import RUN
from bake_tracker.entrypoints.cli.progress import reading
from bake_tracker.entrypoints.cli.remedies import in_words
from bake_tracker.entrypoints.cli.state import answer, ask, complain, state
from bake_tracker.log.files import LogUnreadableError
from bake_tracker.log.reader import Unreadable, find_lines, read_trees
from bake_tracker.log.refusals import find_started, latest_refusals, names_item
from bake_tracker.log.scan import Progress
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.catalog.definitions import load_slugs
from bake_tracker.queries.explain.need import explain_batch, explain_box
from bake_tracker.queries.explain.operation import explain_operation, find_operations, find_runs
from bake_tracker.queries.explain.origins import explain_lots
from bake_tracker.queries.explain.outflows import load_item_outflows, load_lot_outflows
from bake_tracker.queries.explain.refusal import NOT_ASKED, explain_refusal
from bake_tracker.queries.explain.shelf import find_lots, load_shelves, load_whereabouts
from bake_tracker.services.database import Session

SHOWN = 10
EVERYTHING = 10_000
LATEST = "last"
SHORTEST_ID = 4
"""The shortest beginning of an id that is looked up as one."""

Story = dict[str, Any]
Told = TypeVar("Told")


def explain(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="an operation id or its beginning, 'run 3', a lot, an item, a recipe, or 'last'"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="show every lot, every draw and every refusal")] = False,
    refused: Annotated[
        bool, typer.Option("--refused", help="explain every refusal, or those of an item: what would have been enough")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(help="refusals, or changes of stock, from this time on: 2026-11-23, yesterday, 1h; bakery's time"),
    ] = None,
) -> None:
    """Explain down to the receipts: the arguments, which lots were used and why. 'last' explains the latest refusal."""
    typed, limit = " ".join(what or ()), EVERYTHING if everything else SHOWN
    if not typed and not refused:
        raise typer.BadParameter(
            "say what to explain: an operation id, a lot, an item, a recipe or 'last'; or --refused"
        )
    with reading(state.log_file) as read:
        log = _Log(read)

        def tell(session: Session) -> Story:
            first = parse.moment_ago(since, load_bakery(session).time_zone) if since else None
            return (
                _refusals(session, typed, limit, log, first) if refused else _story(session, typed, limit, log, first)
            )

        story = ask(tell)
    if log.fault:
        story["log_not_read"] = str(log.fault)
        complain(f"This explanation uses only the ledger: {log.fault}")
    if "candidates" in story:
        answer(story, show_candidates)
        raise typer.Exit(1)
    answer(story, lambda _: show_story(story, limit))


@dataclass(slots=True)
class _Log:
    """The log's side of an answer; empty if the log cannot be read, and then ``fault`` says why."""

    progress: Progress
    fault: LogUnreadableError | None = None

    def tells(self, read: Callable[[Path], Iterable[Told]]) -> list[Told]:
        try:
            return list(read(state.log_file))
        except LogUnreadableError as error:
            self.fault = error
            return []

    def lines(self, query: LogQuery) -> list[dict[str, Any]]:
        found = self.tells(lambda path: find_lines(path, query, Unreadable(), self.progress))
        return [line for _, line in found]

    def trees(self, wanted: str) -> list[TransactionNode]:
        return self.tells(lambda path: read_trees(path, wanted, progress=self.progress))

    def refusals(
        self,
        session: Session,
        last: int,
        matches: Callable[[dict[str, Any]], bool],
        needle: str = "",
        since: datetime | None = None,
    ) -> list[dict[str, Any]]:
        database_id = load_bakery(session).database_id
        return self.tells(lambda path: latest_refusals(path, database_id, last, matches, needle, self.progress, since))


def _refusals(session: Session, typed: str, limit: int, log: _Log, since: datetime | None) -> Story:
    """The latest refusals first, of everything or of one item, with what would have been enough."""
    if typed and typed not in load_slugs(session, "item"):
        raise ValidationError.of("what", f"{typed!r} is not an item; use an item's slug, or leave it out")
    matches = names_item(typed) if typed else lambda line: True
    lines = log.refusals(session, EVERYTHING, matches, f'"{typed}"' if typed else "", since)
    if log.fault:
        raise log.fault
    if not lines:
        when = f" since {since:%Y-%m-%d %H:%M} UTC" if since else ""
        raise ValidationError.of("what", f"there is no refusal{f' of {typed}' if typed else ''}{when} in the log")
    return {"refusals": [_refusal(session, line) for line in lines[:limit]], "refusal_count": len(lines)}


def _story(session: Session, typed: str, limit: int, log: _Log, since: datetime | None) -> Story:
    return (
        _by_name(session, typed, limit, log, since)
        or _by_run(session, typed, log)
        or _by_id(session, typed, log)
        or (_latest_refusal(session, log) if typed == LATEST else _by_log(session, typed, log))
        or _unknown(session, typed, log)
    )


def _by_name(session: Session, typed: str, limit: int, log: _Log, since: datetime | None) -> Story:
    """Lots with this code, and the item and recipe with this slug."""
    house = load_bakery(session)
    today = house.local_day(now())
    story: Story = {}
    if lots := find_lots(session, typed):
        places = load_whereabouts(session, lots[:limit], today, limit)
        explained, went = explain_lots(session, lots[:limit]), load_lot_outflows(session, lots[:limit], limit, since)
        story["lots"] = [{**lot, **places[lot["lot_id"]], "outflows": went.get(lot["lot_id"], [])} for lot in explained]
        story["lot_count"] = len(lots)
    for shelf in load_shelves(session, today, slugs=[typed]):
        on_shelf = shelf.lots()
        explained = explain_lots(session, [lot["lot_id"] for lot in on_shelf[:limit]])
        story["item"] = {
            **shelf.summary(),
            "outflows": load_item_outflows(session, shelf.item.item_id, limit, since),
            "lots": [{**lot, "shelf": place} for lot, place in zip(explained, on_shelf, strict=False)],
        }
        refused = log.refusals(session, 3, names_item(typed), f'"{typed}"')
        story["refusals"] = [_refusal(session, line) for line in refused]
        if shelf.item.kind == "finished_good":
            story["need"] = in_words(explain_box(session, shelf.item.item_id, today))
    if (recipe_id := load_slugs(session, "recipe").get(typed)) is not None:
        story["recipe"] = in_words(explain_batch(session, recipe_id, today))
        refused = log.refusals(session, 3, lambda line: line.get("recipe_id") == recipe_id, '"recipe_id"')
        story.setdefault("refusals", []).extend(_refusal(session, line) for line in refused)
    return story


def _by_run(session: Session, typed: str, log: _Log) -> Story:
    if not (run := RUN.fullmatch(typed)):
        return {}
    kind = run[1].lower()
    found = find_runs(session, None if kind == "run" else kind, int(run[2]))
    if len(found) > 1:
        return {"candidates": [_candidate(one) for one in found]}
    if not found:
        return {}
    operation_id = found[0]["operation_id"]
    return _recorded(session, operation_id, log.trees(operation_id))


def _by_id(session: Session, typed: str, log: _Log) -> Story:
    """An operation in the ledger or only in the log, or all operations of a transaction or request."""
    if digits_of(typed) is None or len(typed) < SHORTEST_ID:
        return {}
    trees = log.trees(typed)
    recorded = find_operations(session, typed)
    ids = {one["operation_id"] for one in recorded}
    nodes = [node for tree in trees for node in _outermost(tree.operations, spellings(typed))]
    nodes = nodes or [node for tree in trees for node in tree.operations]
    told = {node.line["operation_id"]: node.line for node in nodes if node.line["operation_id"] not in ids}
    if len(recorded) + len(told) > 1:
        return {"candidates": [*map(_candidate, recorded), *map(_candidate, told.values())]}
    if recorded:
        return _recorded(session, recorded[0]["operation_id"], trees)
    for line in told.values():  # found by its request or trace, which the ledger does not know
        operation_id = line["operation_id"]
        if not find_operations(session, operation_id):
            return _only_told(session, line, trees, log)
        # Other requests may have asked for it too.
        return _recorded(session, operation_id, log.trees(operation_id))
    return {}


def _by_log(session: Session, typed: str, log: _Log) -> Story:
    """A lot or run that only the log knows, because the operation that made it was rolled back."""
    named = [("lot_code", typed)]
    if run := RUN.fullmatch(typed):
        kinds = ("production", "assembly") if run[1].lower() == "run" else (run[1].lower(),)
        named = [(f"{kind}_run_id", str(int(run[2]))) for kind in kinds]
    database_id = load_bakery(session).database_id
    told: dict[str, LogLine] = {}
    for name in named:
        for line in log.lines(LogQuery((Condition(*name),))):
            is_ours = line.get("database_id", database_id) == database_id
            if is_ours and line.get("operation_id") and line.get("outcome") and line["outcome"] not in BEGINNINGS:
                told[line["operation_id"]] = line
    if len(told) > 1:
        return {"candidates": [_candidate(line) for line in told.values()]}
    return next((_by_id(session, operation_id, log) for operation_id in told), {})


def _candidate(one: Mapping[str, Any]) -> Story:
    """An operation that matches, from a row of the ledger or a line of the log."""
    return {
        "operation_id": one["operation_id"],
        "operation": one["operation"],
        "at": one.get("recorded_at") or one.get("timestamp"),
        "outcome": one.get("outcome", "success"),
    }


def _only_told(session: Session, line: LogLine, trees: list[TransactionNode], log: _Log) -> Story:
    """An operation that only the log knows, without a row: refused, rolled back or in doubt."""
    lines = [node.line for tree in trees for node in walk(tree.operations)]
    started = find_started(state.log_file, line["operation_id"], log.progress) or {}
    in_full = {key: value for key, value in started.items() if key not in NOT_ASKED and value is not None}
    undone = [
        {"operation_id": one["operation_id"], "operation": one["operation"]}
        for one in lines
        if one["outcome"] == "rolled_back" and one["operation_id"] != line["operation_id"]
    ]
    return {"refused": {**_refusal(session, line, in_full), "undone": undone}, "log": lines}


def _recorded(session: Session, operation_id: str, trees: list[TransactionNode]) -> Story:
    nodes = (node for tree in trees for node in walk(tree.operations))
    attempts = [node.line for node in nodes if node.line["operation_id"] == operation_id]
    return {"operation": explain_operation(session, operation_id), "log": attempts}


def _latest_refusal(session: Session, log: _Log) -> Story:
    lines = log.refusals(session, 1, lambda line: True)
    if log.fault:
        raise log.fault
    if not lines:
        raise ValidationError.of("what", f"there is no refusal in the log ({state.log_file})")
    (line,) = lines
    if not line.get("operation_id"):  # refused by the command line before any operation began
        return {"refused": _refusal(session, line), "log": [line]}
    trees = log.trees(line["operation_id"])
    return _only_told(session, line, trees, log)


def _refusal(session: Session, line: LogLine, asked: Story | None = None) -> Story:
    refused = explain_refusal(session, line, load_bakery(session).local_day(now()), asked)
    helps = refused.pop("helps")
    return {**refused, "remedy": helps and in_words(helps)["problem"]}


def _outermost(nodes: list[OperationNode], begins: tuple[str, ...]) -> list[OperationNode]:
    """The operations whose id begins this way, without those made inside one of them."""
    found: list[OperationNode] = []
    for node in nodes:
        found += [node] if node.line["operation_id"].startswith(begins) else _outermost(node.children, begins)
    return found


def _unknown(session: Session, typed: str, log: _Log) -> Story:
    if log.fault:  # the log might know it
        raise log.fault
    if typed.isascii() and typed.isdigit():
        raise ValidationError.of(
            "what",
            f"{typed} alone could be the id of anything; use a lot's code, an item's or a recipe's slug, "
            f"or production:{typed} or assembly:{typed} for a run",
        )
    slugs = [*load_slugs(session, "item"), *load_slugs(session, "recipe")]
    near = process.extract(typed.lower(), slugs, scorer=fuzz.WRatio, limit=3, score_cutoff=60)
    hint = f"; did you mean {' or '.join(slug for slug, _, _ in near)}?" if near else ""
    raise ValidationError.of(
        "what", f"{typed!r} is in neither the ledger nor the log; use an operation, run, lot, item or recipe{hint}"
    )
