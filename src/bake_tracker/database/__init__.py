"""Engines, transactions and their outcomes. Knows nothing about bakeries."""
