"""What each command of cli.py does: plain functions over a run's folder."""
