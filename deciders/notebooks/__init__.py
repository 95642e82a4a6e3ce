"""Notebook files as text: what they say of their parameters, and which names their Python uses."""
