"""Stock in and out: the ledger, and every operation that only moves lots."""
