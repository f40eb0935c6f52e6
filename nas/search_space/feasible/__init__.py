"""Spaces under limits on their costs: counted, drawn, mutated and crossed inside."""
