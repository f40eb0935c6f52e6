"""Attention kinds: one file each, looked up by name."""
