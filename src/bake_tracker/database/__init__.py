"""How it is kept: engines, transactions and what became of them. Knows no bakery."""
