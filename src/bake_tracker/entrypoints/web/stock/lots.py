"""One lot: its trace, mass balance and label."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.stock.adjusting import TO_SOMEBODY
from bake_tracker.entrypoints.http.access import VIEWER
from bake_tracker.entrypoints.http.downloads import file_answer
from bake_tracker.entrypoints.web.pages import pages, path_for, render
from bake_tracker.entrypoints.web.stock.trace_picture import LOTS, STEPS, draw
from bake_tracker.queries.bakery import load_bakery
from bake_tracker.queries.explain.origins import explain_lots
from bake_tracker.queries.stock.lots import load_lot
from bake_tracker.queries.stock.recall import load_recall
from bake_tracker.queries.stock.traced import load_trace
from bake_tracker.queries.views.label import check_complete, label_words, load_label
from bake_tracker.services.database import read_scope

router = pages()

LotId = Annotated[int, Path(ge=1, le=MAX_KEY)]
MOST_STEPS, MOST_LOTS = 50, 60
SHOWN = 30
MADE = ("finished_unit", "finished_good")


@router.get("/lots/{lot_id}", name="lot", dependencies=[VIEWER])
def lot(
    request: Request,
    lot_id: LotId,
    steps: Annotated[int, Query(ge=1, le=MOST_STEPS)] = STEPS,
    every: Annotated[bool, Query(alias="all")] = False,
    undone: bool = False,
) -> Response:
    """Show a lot and its trace: ``steps`` limits the picture, ``all`` the lists, ``undone`` adds undone steps."""
    with read_scope() as session:
        bakery = load_bakery(session)
        state = load_lot(session, lot_id)
        recall = load_recall(session, lot_id)
        trace = load_trace(session, lot_id, undone=True) if undone else recall["trace"]
        (story,) = explain_lots(session, [lot_id])
    return render(
        request,
        "lot.html",
        bakery=bakery,
        state=state,
        recall=recall,
        trace=trace,
        lots={one["lot_id"]: one for one in trace["lots"]},
        lot=trace["lot"],
        story=story,
        picture=draw(trace, steps, MOST_LOTS if every else LOTS),
        steps=steps,
        goes_on=any(abs(one["level"]) > steps for one in trace["lots"]),
        undone=undone,
        still_out=any(one["from_lot_id"] == lot_id and one["kind"] in TO_SOMEBODY for one in recall["handed_over"]),
        all_link=path_for(request, "lot", {"all": "1"} | ({"undone": "1"} if undone else {}), lot_id=lot_id),
        shown=None if every else SHOWN,
        has_label=trace["lot"]["item_kind"] in MADE and trace["lot"]["state"] != "undone",
    )


@router.get("/lots/{lot_id}/label.pdf", name="label", dependencies=[VIEWER])
def label(
    lot_id: LotId,
    style: Literal["eu", "us"] = "eu",
    width_mm: Annotated[int, Query(ge=1, le=1_000)] = 100,
    height_mm: Annotated[int, Field(ge=1, le=1_000)] | Literal[""] = "",
    best_before: date | Literal[""] = "",
    use_by: bool = False,
    net: Annotated[str, Query(max_length=100)] = "",
    address: Annotated[str, Query(max_length=300)] = "",
    small: bool = False,
) -> Response:
    """Show the label of a lot, made from what was really used; empty fields are ignored."""
    from bake_tracker.files.label_pdf import Size, render_label  # a PDF library that no other page waits for

    with read_scope() as session:
        found = load_label(session, lot_id)
    words = label_words(
        found,
        style,
        best_before or None,
        is_use_by=use_by,
        net=net.strip() or None,
        address=address.strip() or None,
    )
    check_complete(found.label)
    size = Size(width_mm, None if height_mm == "" else height_mm)
    content = render_label(words, found.code, size, is_small_package=small)
    return file_answer(content, f"label-{found.code}.pdf", is_inline=True)
