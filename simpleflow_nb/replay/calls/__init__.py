"""Calls of the workflow's code: tasks with their arguments, and the commands that become decisions."""
