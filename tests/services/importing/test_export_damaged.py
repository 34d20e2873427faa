"""A damaged export of ours is imported, or refused with everything unchanged; it raises no other error."""

import json
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bake_tracker.domain.errors import ServiceError
from bake_tracker.domain.importing.exporting import Tables
from bake_tracker.domain.importing.reading import check_document
from bake_tracker.files.exports import json_content
from bake_tracker.services.importing import tables as import_service
from support.depth import rounds
from support.import_files import JUNK, undone
from support.small_bakeries import bakeries

PLACES = st.tuples(st.integers(0, 50), st.integers(0, 5), st.integers(0, 8), st.booleans(), JUNK)


@settings(
    max_examples=rounds(20, 60),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tables=bakeries(), changes=st.lists(PLACES, min_size=1, max_size=5), skip_bad=st.booleans())
def test_a_damaged_export_is_at_worst_refused(
    sqlite_url: str, tables: Tables, changes: list[Any], skip_bad: bool
) -> None:
    """With junk in cells, rows and tables, the import does what the check says, and a repeat adds nothing."""
    document = json.loads(json_content(tables))
    names = [name for name in document if name != "format"]
    for table, row, cell, is_row, junk in changes:
        rows = document[names[table % len(names)]]
        if not rows or (is_row and isinstance(rows, list)):
            rows[row % len(rows) : row % len(rows) + 1] = [junk] if rows else []
        elif isinstance(rows[row % len(rows)], dict) and rows[row % len(rows)]:
            fields = rows[row % len(rows)]
            fields[[*fields][cell % len(fields)]] = junk
    with undone() as session:
        try:
            foreseen = import_service.check_import(check_document(document), session=session)
            report = import_service.record_import(document, session=session, skip_bad=skip_bad)
        except ServiceError:
            return
        assert {**report, "operation_id": None} == foreseen
        assert import_service.record_import(document, session=session, skip_bad=skip_bad)["added_count"] == 0
