"""Customers' orders, and what was handed over."""
