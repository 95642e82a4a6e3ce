"""The graph of steps that a workflow file describes, and how it unfolds: outcomes go in, items to start come out.

Pure: no engine, no clock, no disk. Whoever carries items out tells a `Unfolding` how they ended, and starts what it says.
"""
