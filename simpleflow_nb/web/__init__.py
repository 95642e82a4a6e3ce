"""Pages of projects for a browser: dates by workflow, runs with what they have left, drawn on the server.

They say nothing that the command line cannot say: every view is made of what `simpleflow_nb.application` returns.
"""
