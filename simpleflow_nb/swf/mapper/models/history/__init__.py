"""Histories of executions, and histories made for tests."""

from .....history import History

__all__ = ["History"]
