"""Durable workflows in plain Python: futures, a replaying decider, activity workers; on Amazon SWF or on this machine."""

__version__ = "0.1.0"
