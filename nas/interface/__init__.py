"""The Python interface: the names that `import nas` offers, and how a run is begun and made whole."""
