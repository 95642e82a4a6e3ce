"""Words of other systems on this engine: a program written for one of them runs after a change of its import line."""
