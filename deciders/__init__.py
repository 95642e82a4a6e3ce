"""What is decided: workflow definitions. Deterministic, and light to import."""
