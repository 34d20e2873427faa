"""The data that an import is compared with, and the tables of an export."""
