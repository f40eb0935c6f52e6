"""Chosen networks trained from scratch, or from the supernet's weights."""
