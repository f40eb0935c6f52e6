"""Section of the report: costs against the length of the input."""
