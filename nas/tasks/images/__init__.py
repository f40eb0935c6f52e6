"""Files and pixels that image tasks share."""
