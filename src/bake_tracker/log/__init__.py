"""How it is told: events, lines, files and spans. Knows no bakery."""
