"""Commands that undo operations and correct a mistyped yield."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer
from rich.tree import Tree

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.errors import Dependent, DependentsError
from bake_tracker.entrypoints.cli import parse
from bake_tracker.entrypoints.cli.asking import Yes, at_terminal, be_sure
from bake_tracker.entrypoints.cli.lookup import find_operation
from bake_tracker.entrypoints.cli.options import CountSawOption, OperationId
from bake_tracker.entrypoints.cli.production.outputs import AlsoMade, also_made
from bake_tracker.entrypoints.cli.production.really_used import ReallyUsed, really_used
from bake_tracker.entrypoints.cli.production.runs import show_production
from bake_tracker.entrypoints.cli.state import answer, ask, money, out, say, state, twig, write
from bake_tracker.queries.catalog.parts import refuse_parts_of_yields
from bake_tracker.queries.operations.recorded import is_recorded
from bake_tracker.queries.runs.corrections import load_run
from bake_tracker.queries.runs.plans import load_correction_doubts
from bake_tracker.services.database import Session
from bake_tracker.services.production.correction import CorrectionResult, record_production_correction
from bake_tracker.services.reversal import ReversalCheck, ReversalResult, check_reversal, record_reversal

DONE = {"removed": "removed", "restored": "as it was before", "kept": "kept, because the ledger uses it"}
Answer = TypeVar("Answer")
Operation = Annotated[
    str, typer.Argument(help="operation id or its beginning, or a run such as production:12 or assembly:3")
]
Reason = Annotated[str, typer.Option(help="why it is undone")]
Cascade = Annotated[bool, typer.Option("--cascade", help="first undo everything that depends on it, latest first")]


def reverse(
    operation: Operation,
    reason: Annotated[str | None, typer.Option(help="why it is undone")] = None,
    cascade: Cascade = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="show what would be undone, without changing anything")
    ] = False,
    count_saw: CountSawOption = None,
    operation_id: OperationId = None,
) -> None:
    """Undo an operation exactly: same lots, same cost. Add --cascade if later operations depend on it."""
    if dry_run:
        check = ask(lambda session: check_reversal(find_operation(session, operation), session=session))
        answer(check, show_check)
        needs_cascade, asks = check["dependents"] and not cascade, check.get("counts") and count_saw is None
        raise typer.Exit(1 if needs_cascade or asks or check["stays"] else 0)
    if reason is None:
        raise typer.BadParameter("give a reason: --reason TEXT")

    def work(session: Session) -> ReversalResult:
        key = find_operation(session, operation)
        return record_reversal(
            key, reason, session=session, cascade=cascade, count_saw=count_saw, operation_id=operation_id
        )

    answer(_with_tree(work), show_reversal)


def correct(
    run: Operation,
    reason: Reason,
    actual: Annotated[
        Any, typer.Option("--yield", parser=parse.whole_or_decimal, help="the correct yield; default: as recorded")
    ] = None,
    used: ReallyUsed = None,
    also: AlsoMade = None,
    by_policy: Annotated[
        bool, typer.Option("--by-policy", help="forget what was said to be used; each item's policy chooses the lots")
    ] = False,
    cascade: Cascade = False,
    loss_reason: Annotated[str | None, typer.Option(help="why the yield is lower than planned")] = None,
    count_saw: CountSawOption = None,
    yes: Yes = False,
    operation_id: OperationId = None,
) -> None:
    """Correct a mistyped yield, or what was used: undo the run and record it again with the same plan, in one step."""
    if actual is None and not used and not by_policy and not also:
        raise typer.BadParameter("say what to correct: --yield N, --used '120 ml lot:LATER', or both")
    if used and by_policy:
        raise typer.BadParameter("use either --used or --by-policy")

    def work(session: Session) -> CorrectionResult:
        key = find_operation(session, run)
        recorded, outputs = load_run(session, key), also_made(session, also)
        if (actual is not None or outputs) and not is_recorded(session, operation_id):
            refuse_parts_of_yields(session, ("yield", recorded.finished_unit_id, actual or 0), outputs)
        return record_production_correction(
            key,
            recorded.exact_yield if actual is None else actual,
            reason,
            session=session,
            cascade=cascade,
            loss_reason=loss_reason,
            used=[] if by_policy else really_used(session, used),
            outputs=outputs,
            count_saw=count_saw,
            operation_id=operation_id,
        )

    if actual is not None and at_terminal() and not yes:
        be_sure(lambda session: load_correction_doubts(session, find_operation(session, run), actual), operation_id)
    answer(_with_tree(work), show_correction)


def show_check(check: ReversalCheck) -> None:
    say("This would be undone, in this order:")
    for one in check["operations"]:
        say(f"  {one['operation']}  {one['operation_id']}  {_when(one['recorded_at'])}")
    if check["dependents"]:
        out.print(_tree(check["reversed_operation"], check["reversed_operation_id"], check["dependents"]))
        say("The operations below depend on it; add --cascade to undo them too.")
    if check["stays"]:
        say(f"Cannot be undone: the ledger uses {', '.join(check['stays'])}.")
    for count in check.get("counts", ()):
        quantity, when = amount(count["counted"], count["unit"]), _when(count["counted_at"])
        say(f"Lot {count['lot_code']} was counted at {when} ({quantity}), and this happened before.")
    if check.get("counts"):
        say("If the count had seen it, add --count-saw before; if not, add --count-saw after.")


def show_reversal(result: ReversalResult) -> None:
    for one in (*result["also_reversed"], result):
        say(f"Undid {one['reversed_operation']} {one['reversed_operation_id']}")
        for lot in one["lots"]:
            sign = "" if lot["quantity"].startswith("-") else "+"
            say(f"  {sign}{lot['quantity']} of lot {lot['lot_code']}, cost {money(lot['cost'])}")
        for thing in one["catalog"]:
            say(f"  {DONE[thing['done']]}: {thing['thing']}")
    if first := result.get("production"):
        show_production(first)
    say(f"  reason: {result['reason']}; operation {result['operation_id']}")


def show_correction(result: CorrectionResult) -> None:
    if result["actual_yield_before"] == result["actual_yield"]:
        say("Corrected what was used")
    else:
        say(f"Corrected the yield from {result['actual_yield_before']} to {result['actual_yield']}")
    if others := result["reversal"]["also_reversed"]:
        say("  also undone; record these again:")
        for one in others:
            say(f"    {one['reversed_operation']} {one['reversed_operation_id']}")
    show_production(result["production"])
    say(f"  all in operation {result['operation_id']}")


def _with_tree(work: Callable[[Session], Answer]) -> Answer:
    """Call the service; if later operations depend on this one, draw them before the refusal."""
    try:
        return write(work)
    except DependentsError as error:
        if not state.as_json:
            out.print(_tree("to be undone", str(error.fields["reversed_operation_id"]), error.dependents))
        raise


def _tree(name: str, operation_id: str, dependents: Sequence[Dependent]) -> Tree:
    tree = Tree(twig(f"{name}  {operation_id}", "bold"), guide_style="dim")
    _add(tree, dependents)
    return tree


def _add(branch: Tree, dependents: Sequence[Dependent]) -> None:
    for one in dependents:
        why = ", ".join([*one["lots"], *one["things"]])
        text = f"{one['operation']}  {one['operation_id'][:13]}  {_when(one['recorded_at'])}: {why}"
        _add(branch.add(twig(text)), one["dependents"])


def _when(at: str) -> str:
    return f"{at[:19].replace('T', ' ')} UTC"
