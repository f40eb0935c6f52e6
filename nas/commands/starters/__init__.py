"""Experiment files that `nas new` writes: a commented one for each task."""
