"""Inspection of executions: one model of rows, many formats; the same on every service."""
