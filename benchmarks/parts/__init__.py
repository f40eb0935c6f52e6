"""What several benchmarks are made of; each benchmark is a script beside this folder."""
