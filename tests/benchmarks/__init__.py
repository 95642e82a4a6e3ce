"""How fast it is, beside others: ``scripts/bench NAME``. Nothing here is collected as a test."""
