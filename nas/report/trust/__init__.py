"""Section of the report: the agreement of inherited quality with quality after training."""
