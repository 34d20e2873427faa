"""Suppliers."""

from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from bake_tracker.domain.slices import Ask, Found
from bake_tracker.models import Supplier
from bake_tracker.queries.keyset import load_slice


class SupplierRow(TypedDict):
    """A supplier."""

    supplier_id: int
    slug: str
    name: str
    details: str | None


def load_supplier_slice(session: Session, ask: Ask) -> Found[SupplierRow]:
    """Suppliers; one statement."""
    rows = select(Supplier.id, Supplier.slug, Supplier.name, Supplier.details)
    return load_slice(
        session,
        rows,
        ask,
        lambda row: SupplierRow(supplier_id=row.id, slug=row.slug, name=row.name, details=row.details),
        key="id",
        search_in=("name", "slug"),
    )
