"""The cost of the operations: against hand-written SQL, with many lots, after years, and against each other."""
