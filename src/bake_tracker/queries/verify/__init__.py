"""Verify everything calculated from the ledger."""
