"""Sharing between the runs of an outputs folder: items whose work is equal are executed once."""
