"""What the operations cost: against hand-written SQL, with many lots, after years, and one against the other."""
