"""Executions of Python workflows: starting them, asking something of them, looking at them."""
