"""Experiments and networks described: size, costs, a drawing."""
