"""Section of the report: translation scores."""
