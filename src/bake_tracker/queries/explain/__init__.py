"""How the ledger got a number."""
