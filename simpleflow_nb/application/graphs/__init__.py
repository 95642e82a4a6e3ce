"""Graphs of workflows: labels or tasks, what leads from one to another, and their drawings."""
