"""Section of the report: the gain of the search over random search, and its cost."""
