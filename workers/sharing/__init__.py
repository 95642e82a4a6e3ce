"""What runs of an outputs folder have in common: items whose work is equal are executed once."""
