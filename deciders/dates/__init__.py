"""Dates: written, in stencils, by schedule, and which of them are missing."""
