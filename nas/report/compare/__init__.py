"""Comparisons: of several runs, and of several strategies in one run."""
