"""Section of the report: how the run was made."""
