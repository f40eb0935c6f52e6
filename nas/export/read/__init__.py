"""Exports read back: folders that stand alone, without their run."""
