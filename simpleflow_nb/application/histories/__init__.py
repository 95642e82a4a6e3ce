"""Histories of runs that have ended: how long they are kept, and their removal."""
