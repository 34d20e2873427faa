"""What an import plans of a table is declared by the table's columns."""

from dataclasses import fields
from typing import Any

import pytest

from bake_tracker.domain.importing.plan import EventPlan, ItemPlan, RecipientPlan
from bake_tracker.domain.importing.tables import TABLES

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(("name", "plan"), [("items", ItemPlan), ("events", EventPlan), ("recipients", RecipientPlan)])
def test_every_planned_field_has_a_column(name: str, plan: Any) -> None:
    """So a new field is read, exported and compared once its column is declared."""
    columns = {known for column in TABLES[name].columns for known in (column.name, column.of)}
    assert {field.name for field in fields(plan)} <= columns
