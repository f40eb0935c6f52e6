"""Parts that several attention kinds share."""
