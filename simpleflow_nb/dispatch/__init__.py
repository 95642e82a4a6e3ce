"""Dispatchers of simpleflow: the function or the activity of a name. Workers have :mod:`simpleflow_nb.processes` for that."""
