"""Reports: an offline page with figures and tables, from a finished or an unfinished run."""
