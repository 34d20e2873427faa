"""Runs made of runs: bake and pack in one go, and corrections of a yield."""
