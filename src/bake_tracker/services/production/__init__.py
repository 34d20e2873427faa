"""Operations made of runs: bake and pack together, and correct a yield."""
