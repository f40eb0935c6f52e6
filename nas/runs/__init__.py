"""A run: one folder with all that a search has found."""
