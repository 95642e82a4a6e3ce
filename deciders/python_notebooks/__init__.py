"""Notebooks that workflows in Python submit: the value, its task in a run, its result, and what a run knows of its notebooks.

The bodies of the activities are in :mod:`workers.python_notebooks`.
"""
