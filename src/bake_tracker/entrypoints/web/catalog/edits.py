"""Change and archive items, suppliers, events and customers; everything that is archived."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Path, Request
from starlette.responses import Response

from bake_tracker.domain.arguments import MAX_KEY
from bake_tracker.domain.choices import PICK_POLICIES
from bake_tracker.domain.errors import ServiceError
from bake_tracker.entrypoints.http.access import BAKER, VIEWER
from bake_tracker.entrypoints.http.problems import status_of
from bake_tracker.entrypoints.web.forms import Form, Sent, blank
from bake_tracker.entrypoints.web.pages import go_to, pages, render
from bake_tracker.entrypoints.web.stock.items import POLICIES
from bake_tracker.queries.catalog.archived import load_archived, load_entry
from bake_tracker.services.catalog.edits import (
    record_event_change,
    record_item_change,
    record_recipient_change,
    record_supplier_change,
)
from bake_tracker.services.database import read_scope, run_in_transaction

router = pages()

Kind = Literal["item", "supplier", "event", "recipient"]
EntryId = Annotated[int, Path(ge=1, le=MAX_KEY)]


@dataclass(frozen=True, slots=True)
class Editable:
    """What a page can change: the word for it, its list, its fields and how each is read."""

    word: str
    back: str
    record: Callable[..., Mapping[str, Any]]
    read: Callable[[Form], dict[str, Any]]


EDITABLE: Mapping[str, Editable] = {
    "item": Editable(
        "item",
        "stock",
        record_item_change,
        lambda form: {
            "name": form["name"],
            "pick_policy": form["pick_policy"],
            "shelf_life_days": form.number("shelf_life_days"),
            "description": form.text("description"),
            "allows_parts": bool(form["allows_parts"]),
        },
    ),
    "supplier": Editable(
        "supplier",
        "suppliers",
        record_supplier_change,
        lambda form: {"name": form["name"], "details": form.text("details")},
    ),
    "event": Editable(
        "event",
        "events",
        record_event_change,
        lambda form: {"name": form["name"], "happens_on": form.day("happens_on")},
    ),
    "recipient": Editable(
        "customer",
        "recipients",
        record_recipient_change,
        lambda form: {"name": form["name"], "household": form.text("household")},
    ),
}


@router.get("/archived", name="archived", dependencies=[VIEWER])
def archived(request: Request) -> Response:
    """List everything that is archived."""
    with read_scope() as session:
        rows = load_archived(session)
    return render(request, "archived.html", rows=rows, called={kind: one.word for kind, one in EDITABLE.items()})


@router.get("/edit/{kind}/{key}", name="edit", dependencies=[BAKER])
def edit(request: Request, kind: Kind, key: EntryId) -> Response:
    """Show an entry in a form."""
    with read_scope() as session:
        entry = load_entry(session, kind, key)
    shown = {**entry, "allows_parts": "yes" if entry.get("allows_parts") else ""}
    return _edit(request, kind, key, blank(request, **shown, archived="yes" if entry["is_archived"] else ""))


@router.post("/edit/{kind}/{key}", name="do_edit", dependencies=[BAKER])
def do_edit(request: Request, kind: Kind, key: EntryId, form: Sent) -> Response:
    """Change an entry, or archive it."""
    one = EDITABLE[kind]
    try:
        changes = {**one.read(form), "archived": bool(form["archived"])}
        form.done()
        done = run_in_transaction(
            lambda session: one.record(key, changes, session=session, operation_id=form.operation_id)
        )
    except ServiceError as error:
        return _edit(request, kind, key, form.refused(error), status_of(error))
    if kind == "item":
        return go_to(request, "item", {"done": done["operation_id"]}, item_id=key)
    return go_to(request, one.back, {"done": done["operation_id"]})


def _edit(request: Request, kind: Kind, key: int, form: Form, status: int = 200) -> Response:
    with read_scope() as session:
        entry = load_entry(session, kind, key)
    return render(
        request,
        "edit.html",
        status,
        form=form,
        kind=kind,
        entry=entry,
        one=EDITABLE[kind],
        policies=[(policy, POLICIES[policy]) for policy in PICK_POLICIES],
    )
