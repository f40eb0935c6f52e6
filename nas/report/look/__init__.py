"""Section of the report: choices that good networks share."""
