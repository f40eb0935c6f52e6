"""Exports read back and run: folders that stand alone, without their run."""
