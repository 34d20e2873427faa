"""Customers' orders."""
