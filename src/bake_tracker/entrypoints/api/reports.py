"""Routes of reports on a period: usage, waste, customers, and yields against plan."""

from datetime import date

from fastapi import Request
from starlette.responses import Response

from bake_tracker.domain.errors import ValidationError
from bake_tracker.entrypoints.api.common import After, Limit, Page, Since, Until, reads, routes, tagged
from bake_tracker.queries.reports.usage import RecipientRow, UsageRow, WasteRow, load_recipients, load_usage, load_waste
from bake_tracker.queries.reports.yields import RunYieldRow, YieldRow, load_run_yields, load_yields_by_month
from bake_tracker.services.database import read_scope

router = routes("/reports", "reports")


class RunYieldPage(Page):
    """Productions against their plan, newest first."""

    runs: list[RunYieldRow]


@router.get("/usage", **reads(list[UsageRow]))
def get_usage(request: Request, since: Since = None, until: Until = None) -> Response:
    """What left the stock, by month, item and purpose."""
    _check(since, until)
    with read_scope() as session:
        return tagged(request, load_usage(session, since, until))


@router.get("/waste", **reads(list[WasteRow]))
def get_waste(request: Request, since: Since = None, until: Until = None) -> Response:
    """What was thrown away, spoiled or lost in production, by month, reason and item."""
    _check(since, until)
    with read_scope() as session:
        return tagged(request, load_waste(session, since, until))


@router.get("/recipients", **reads(list[RecipientRow]))
def get_recipients(request: Request, since: Since = None, until: Until = None) -> Response:
    """What each customer was given or sold, and what was made for each event."""
    _check(since, until)
    with read_scope() as session:
        return tagged(request, load_recipients(session, since, until))


@router.get("/yields", **reads(list[YieldRow]))
def get_yields(request: Request, since: Since = None, until: Until = None) -> Response:
    """Yields and costs of productions against their plan, by month, recipe and product."""
    _check(since, until)
    with read_scope() as session:
        return tagged(request, load_yields_by_month(session, since, until))


@router.get("/yields/runs", **reads(RunYieldPage))
def list_run_yields(
    request: Request, limit: Limit = 50, after: After = None, since: Since = None, until: Until = None
) -> Response:
    """Yield and cost of each production against its plan, newest first."""
    _check(since, until)
    with read_scope() as session:
        rows = load_run_yields(session, since, until, limit=limit + 1, before=after)
    end = rows[limit - 1]["operation_id"] if len(rows) > limit else None
    return tagged(request, RunYieldPage(runs=rows[:limit], next=end))


def _check(since: date | None, until: date | None) -> None:
    if since is not None and until is not None and since > until:
        raise ValidationError.of("until", f"must not be before {since}, the first day")
