"""Decisions: the definitions of the workflows. Deterministic, and light to import."""
