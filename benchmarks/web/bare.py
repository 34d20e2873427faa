"""A route that writes one row and nothing else: the cost of a request with the same libraries and server.

``load.py`` runs it with ``uvicorn benchmarks.web.bare:make_app --factory``; ``BARE_DATABASE_URL`` is its database.
"""

import os
from decimal import Decimal
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import create_engine, text

CREATE = """
CREATE TABLE written (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL,
    quantity numeric NOT NULL,
    unit text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
)
"""
INSERT = text("INSERT INTO written (item_id, quantity, unit) VALUES (:item_id, :quantity, :unit) RETURNING id")


class Row(BaseModel):
    """A row to write."""

    item_id: int
    quantity: Decimal
    unit: str


def make_app() -> FastAPI:
    """Make an app with one route and SQLAlchemy's usual connection pool."""
    app, engine = FastAPI(), create_engine(os.environ["BARE_DATABASE_URL"])

    @app.post("/rows", status_code=201)
    def write(row: Row) -> dict[str, Any]:
        with engine.begin() as connection:
            return {"id": connection.execute(INSERT, row.model_dump()).scalar_one()}

    return app
