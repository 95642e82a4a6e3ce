"""Rows of run records, and who the outputs folder belongs to."""
