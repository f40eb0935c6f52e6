"""Section of the report: the provenance of the run."""
