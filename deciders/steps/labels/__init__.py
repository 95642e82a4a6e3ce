"""Labels while they run: their items, what these need, and what follows from their ends."""
