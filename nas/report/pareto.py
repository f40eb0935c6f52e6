"""Fronts and hypervolume for reports; they are those that the search goes by."""

from nas.strategies.pareto import front_of_trials, hypervolume, pareto_front

__all__ = ["front_of_trials", "hypervolume", "pareto_front"]
