"""What several attention kinds are made of."""
