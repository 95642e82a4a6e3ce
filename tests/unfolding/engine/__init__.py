"""Random graphs of steps carried out by the engine: their histories and records, against the machine that unfolds them."""
