"""Commands that trace a lot in both directions and recall it."""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from bake_tracker.clock import now
from bake_tracker.domain.amounts import amount, amount_of
from bake_tracker.domain.errors import ValidationError
from bake_tracker.domain.stock.recall import Recall, Step, Trace
from bake_tracker.entrypoints.cli.explain.trace_trees import Direction, show_trace
from bake_tracker.entrypoints.cli.lookup import find_lots
from bake_tracker.entrypoints.cli.options import OperationId
from bake_tracker.entrypoints.cli.state import answer, ask, say, show_table, write
from bake_tracker.files.recall_pdf import RecallHeading, write_recall_pdf
from bake_tracker.files.recall_table import write_recall_table
from bake_tracker.log.tell import bound_value
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.queries.stock.traced import load_trace
from bake_tracker.services.database import Session
from bake_tracker.services.stock.recall import RecallResult, record_recall

BALANCE = {
    "brought": "came in",
    "used": "used",
    "on_hand": "left",
    "waste": "waste",
    "handed_over": "given or sold",
    "adjusted": "adjusted",
    "split_out": "split off",
    "remainder": "not accounted for",
}
Lot = Annotated[str, typer.Argument(help="lot code, for all lots that have it, or id")]


def trace(
    lot: Lot,
    back: Annotated[bool, typer.Option("--back", help="only where it came from")] = False,
    forward: Annotated[bool, typer.Option("--forward", help="only where it went")] = False,
    undone: Annotated[bool, typer.Option("--undone", help="also show steps that were undone")] = False,
) -> None:
    """Trace a lot back to its receipts and forward to the customers."""

    def load(session: Session) -> Trace:
        lot_ids = find_lots(session, lot)
        return load_trace(session, lot_ids[0], undone=undone, same_code=len(lot_ids) > 1)

    found = ask(load)
    asked: list[Direction] = ["back"] if back else []
    asked += ["forward"] if forward else []
    answer(found, lambda result: show_trace(result, asked or ["back", "forward"]))


def recall(
    lot: Lot,
    reason: Annotated[str | None, typer.Option(help="why the lot is recalled")] = None,
    drill: Annotated[bool, typer.Option("--drill", help="practise only: hold nothing and record nothing")] = False,
    csv: Annotated[Path | None, typer.Option("--csv", help="write all steps as a table to this file")] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="write all steps as a table to this file")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="write a report for an inspector to this file")] = None,
    operation_id: OperationId = None,
) -> None:
    """Hold what is left of a lot and of everything made from it, and list who has the rest."""
    files = _files(csv, xlsx, pdf)
    done: RecallResult | None = None
    if drill:

        def load(session: Session) -> Recall:
            lot_ids = find_lots(session, lot)
            return load_recall(session, lot_ids[0], same_code=len(lot_ids) > 1)

        found = ask(load)
    else:

        def work(session: Session) -> RecallResult:
            lot_ids = find_lots(session, lot)
            return record_recall(
                lot_ids[0],
                session=session,
                reason=reason,
                same_code=len(lot_ids) > 1,
                operation_id=operation_id,
            )

        recorded = done = write(work)
        found = ask(lambda session: load_recall(session, recorded["lot_id"], same_code="same_code" in recorded))
    for file in files:
        if file.suffix.lower() == ".pdf":
            write_recall_pdf(file, found, _heading(found, reason, done))
        else:
            write_recall_table(file, found)
    told = {name: value for name, value in (done or {}).items() if name not in found}
    answer({**told, **found, "files": [str(file) for file in files]}, lambda _: show_recall(found, done, files))


def _files(csv: Path | None, xlsx: Path | None, pdf: Path | None) -> list[Path]:
    """The files to write, checked before anything is put on hold."""
    wanted = [(file, suffix) for file, suffix in ((csv, ".csv"), (xlsx, ".xlsx"), (pdf, ".pdf")) if file]
    for file, suffix in wanted:
        if file.suffix.lower() != suffix:
            raise typer.BadParameter(f"{file} must end in {suffix}")
        if file.exists():
            raise ValidationError.of("file", f"{file} already exists; choose another name or remove it")
    return [file for file, _ in wanted]


def _heading(found: Recall, reason: str | None, done: RecallResult | None) -> RecallHeading:
    by = bound_value("actor")
    if done is None:
        return RecallHeading(reason or f"drill of lot {found['lot']['lot_code']}", now(), by)
    held = [f"{amount(lot['quantity'], lot['unit'])} of {lot['lot_code']}" for lot in done["held"]]
    return RecallHeading(done["reason"], now(), by, done["operation_id"], held)


def show_recall(found: Recall, done: RecallResult | None, files: list[Path]) -> None:
    code = found["lot"]["lot_code"]
    if same := found.get("same_code"):
        say(f"{len(same)} lots have the code {code}; this is about all of them")
    if done is None:
        say(f"Recall drill for lot {code}: nothing is put on hold or recorded", style="bold")
    else:
        say(f"Recall of lot {code}: {done['reason']}", style="bold")
        for text, lots in (("Put {} on hold", done["held"]), ("Already on hold: {}", done["held_before"])):
            for lot in lots:
                what = amount_of(lot["quantity"], lot["unit"], lot["item_slug"])
                say(f"{text.format(what)} (lot {lot['lot_code']})")
    show_trace(found["trace"], ["forward"])
    if found["handed_over"]:
        say("")
        say("Given or sold", style="bold")
        show_table(
            {"on": "left", "to": "left", "for": "left", "how": "left", "lot": "left", "quantity": "right", "": "left"},
            map(_handed_over, found["handed_over"]),
        )
    say("")
    say("Mass balance", style="bold")
    show_table(
        {"lot": "left", "": "left", **{BALANCE[name]: "right" for name in BALANCE}},
        ([one["lot_code"], one["unit"], *(str(cast(Any, one)[name]) for name in BALANCE)] for one in found["balance"]),
    )
    if found["is_balanced"]:
        count = len(found["lots"])
        say(f"The balance closes exactly{f' for all {count} lots' if count > 1 else ''}.")
    else:
        say("The balance does not close: see 'not accounted for', and run: bake verify", style="red")
    for file in files:
        say(f"Wrote {file}")
    if done is not None:
        say(f"  operation {done['operation_id']}; to release these lots, undo it")


def _handed_over(step: Step) -> list[str]:
    household = f" ({step['household']})" if step["household"] else ""
    name = f"{step['recipient'] or 'not recorded'}{household}"
    return [step["on"], name, step["event"] or "-", step["kind"], step["from_lot_code"], step["quantity"], step["unit"]]
