"""The production ledger of a small bakery."""

__version__ = "0.1.0"
