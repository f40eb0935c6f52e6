"""Predictions of an exported network from files and lines of text."""
