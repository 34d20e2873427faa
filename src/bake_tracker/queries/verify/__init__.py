"""The ledger against everything computed from it."""
