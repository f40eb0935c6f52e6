"""Section of the report: the network to take."""
