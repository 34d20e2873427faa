"""Log lines to read and to make, a collector, and the scenarios that decide an outcome."""
