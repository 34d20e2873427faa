"""The arguments of a recorded run, to record it again, and the runs of a correction."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bake_tracker.domain.errors import OperationNotFoundError, ValidationError
from bake_tracker.domain.stock.outputs import Output, outputs_as_stored
from bake_tracker.domain.stock.really_used import Used, used_as_stored
from bake_tracker.domain.units import format_micros
from bake_tracker.models import Operation, tables

CORRECTING = "record_production_correction"


@dataclass(frozen=True, slots=True)
class RecordedProduct:
    """A product of a recorded production."""

    finished_unit_id: int
    share: Fraction
    expected_micros: int
    actual_micros: int
    lot_id: int | None


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """The arguments of a recorded production; labour and overhead are 0 if there were none.

    ``used`` lists the lots that a person named, ``outputs`` the further products as they were asked for, and
    ``products`` all of them as they were recorded.
    """

    recipe_id: int
    finished_unit_id: int
    num_batches: int
    scale_factor: str
    expected_yield_micros: int
    actual_yield_micros: int
    produced_at: datetime
    event_id: int | None
    loss_reason: str | None
    notes: str | None
    snapshot_sha256: str
    lot_id: int | None
    labour_micros: int
    overhead_micros: int
    used: tuple[Used, ...]
    outputs: tuple[Output, ...]
    products: tuple[RecordedProduct, ...]

    @property
    def actual_yield(self) -> str:
        return format_micros(self.actual_yield_micros)

    @property
    def exact_yield(self) -> Decimal:
        return Decimal(self.actual_yield_micros).scaleb(-6)


def load_run(session: Session, operation_id: str) -> RecordedRun:
    """The production that this operation recorded.

    Raises:
        OperationNotFoundError: there is no such operation.
        ValidationError: it is not a production.
    """
    columns = [
        tables.production_run.c[name] for name in RecordedRun.__dataclass_fields__ if name in tables.production_run.c
    ]
    rates = [func.coalesce(tables.run_rate.c[name], 0) for name in ("labour_micros", "overhead_micros")]
    row = session.execute(
        select(*columns, *rates, tables.operation.c.arguments)
        .join(tables.operation, tables.operation.c.id == tables.production_run.c.operation_id)
        .outerjoin(tables.run_rate, tables.run_rate.c.production_run_id == tables.production_run.c.id)
        .where(tables.production_run.c.operation_id == operation_id)
    ).first()
    if row is not None:
        values: tuple[Any, ...] = tuple(row)
        asked = json.loads(values[-1])
        products = _load_products(session, operation_id) or (
            RecordedProduct(
                row.finished_unit_id, Fraction(1), row.expected_yield_micros, row.actual_yield_micros, row.lot_id
            ),
        )
        said = used_as_stored(asked.get("used", ())), outputs_as_stored(asked.get("outputs", ()))
        return RecordedRun(*(*values[:-1], *said, products))
    name = session.execute(select(Operation.name).where(Operation.id == operation_id)).scalar()
    if name is None:
        raise OperationNotFoundError(operation_id)
    raise ValidationError.of("corrected_operation_id", f"{name} is not a production; undo it and record it again")


def _load_products(session: Session, operation_id: str) -> tuple[RecordedProduct, ...]:
    output = tables.production_output.c
    rows = session.execute(
        select(
            output.finished_unit_id,
            output.share,
            output.expected_yield_micros,
            output.actual_yield_micros,
            output.lot_id,
        )
        .where(output.operation_id == operation_id)
        .order_by(output.id)
    )
    return tuple(
        RecordedProduct(item_id, Fraction(share), expected, actual, lot_id)
        for item_id, share, expected, actual, lot_id in rows
    )


def load_corrected(session: Session, correction_id: str) -> tuple[str, str]:
    """The run that a correction undid, and the run that it recorded instead."""
    arguments = select(tables.operation.c.arguments).where(tables.operation.c.id == correction_id)
    made = select(tables.operation.c.id).where(
        tables.operation.c.parent_id == correction_id, tables.operation.c.name == "record_batch_production"
    )
    first: str = json.loads(session.execute(arguments).scalar_one())["corrected_operation_id"]
    return first, session.execute(made).scalar_one()
