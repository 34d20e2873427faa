"""Turn the plan of an import into a report."""

from collections import Counter

from bake_tracker.domain.importing.reading import ImportPlan
from bake_tracker.domain.importing.report import KINDS, ImportReport
from bake_tracker.domain.importing.rows import Refusal
from bake_tracker.domain.json_places import find_places


def report_of(
    plan: ImportPlan, source: str, operation_id: str | None = None, *, text: str | None = None
) -> ImportReport:
    """The report of a plan; for JSON text, refusals get their line and column."""
    skipped, refused = plan.findings.counts()
    differing = Counter(row.kind for row, _ in plan.findings.differing)
    return {
        "operation_id": operation_id,
        "source": source,
        "added_count": plan.added.total(),
        "skipped_count": skipped.total(),
        "refused_count": refused.total(),
        "kinds": [
            {
                "kind": kind,
                "added": plan.added[kind],
                "skipped": skipped[kind],
                "differing": differing[kind],
                "refused": refused[kind],
            }
            for kind in KINDS
        ],
        "skipped": plan.findings.skips(),
        "differences": plan.findings.differences(),
        "refused": _located(plan.findings.refusals(), text),
        "not_kept": plan.not_kept,
    }


def _located(refusals: list[Refusal], text: str | None) -> list[Refusal]:
    if not refusals or text is None:
        return refusals
    places = find_places(text, {refusal["place"] for refusal in refusals})
    return [
        {**refusal, "line": places[refusal["place"]][0], "column": places[refusal["place"]][1]}
        if refusal["place"] in places
        else refusal
        for refusal in refusals
    ]
