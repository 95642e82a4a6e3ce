"""The states of executions as people are shown them, read from histories."""
