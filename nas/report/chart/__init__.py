"""The main figure: quality against a cost."""
