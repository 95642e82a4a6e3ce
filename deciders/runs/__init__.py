"""Runs that are due or requested, their parameters and their names."""
