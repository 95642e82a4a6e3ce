"""Random graphs of steps, unfolded step by step, against the same rules written a second time."""
