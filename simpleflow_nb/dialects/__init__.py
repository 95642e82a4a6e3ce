"""Dialects: the public names of other systems, so that programs written for them run here after a change of an import line."""
