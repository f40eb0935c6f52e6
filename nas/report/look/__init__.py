"""Section of the report: the choices that good networks share."""
