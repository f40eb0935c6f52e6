"""Reports: from a finished or half-finished run to one offline page, figures and tables."""
