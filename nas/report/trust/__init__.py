"""Section of the report: how well inherited weights rank networks."""
