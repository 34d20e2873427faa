"""Explanations: how the ledger got a number."""
