"""What a process imports once, for all that are forked from it."""

import gc

import alembic.command  # noqa: F401
import pytest  # noqa: F401
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401

import support.faults.workers
import support.kitchen  # noqa: F401

gc.collect()
gc.freeze()  # a collection in a child would copy every page that it shares with this process
