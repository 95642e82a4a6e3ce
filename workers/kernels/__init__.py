"""Kernel processes for running the cells of notebooks."""
