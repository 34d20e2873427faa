"""Readers and writers of CSV, XLSX, PDF and saved web pages."""
