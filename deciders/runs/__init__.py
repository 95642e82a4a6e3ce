"""Runs that are due or asked for: which, for what parameters, by which names."""
