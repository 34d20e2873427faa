"""Suppliers."""

from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.slices import Ask, Found
from bake_tracker.models import Supplier, tables
from bake_tracker.queries.catalog.archived import is_archived
from bake_tracker.queries.keyset import load_slice


class SupplierRow(TypedDict):
    """A supplier."""

    supplier_id: int
    slug: str
    name: str
    details: str | None
    is_archived: bool


def load_supplier_slice(session: Session, ask: Ask, *, offered: bool = False) -> Found[SupplierRow]:
    """Suppliers, without archived ones if ``offered``; one statement."""
    archived = is_archived(tables.supplier)
    rows = select(Supplier.id, Supplier.slug, Supplier.name, Supplier.details, archived.label("is_archived"))
    if offered:
        rows = rows.where(~archived)
    return load_slice(
        session,
        rows,
        ask,
        lambda row: SupplierRow(
            supplier_id=row.id, slug=row.slug, name=row.name, details=row.details, is_archived=bool(row.is_archived)
        ),
        key="id",
        search_in=("name", "slug"),
    )
