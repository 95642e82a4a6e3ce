"""Notebook files as text: the parameters they declare, and the names their Python uses."""
