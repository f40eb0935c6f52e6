"""Exports: a retrained network as a folder that stands alone; written, read back, and used for predictions."""
