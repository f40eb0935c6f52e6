"""The commands of the command line: plain functions over a run's folder."""
