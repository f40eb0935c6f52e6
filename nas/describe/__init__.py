"""What an experiment or a network amounts to: its size, its costs, its drawing."""
