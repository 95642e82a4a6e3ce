"""Where the processes come from that run the cells of notebooks."""
