"""The search: propose, cost, evaluate, append; and what it is compared with."""
