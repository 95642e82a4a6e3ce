"""Is all of a notebook in its report? The notebook is read again, by other parsers than the report's own, and compared.

Not independent of the report: which cells and which form of each output are shown (`workers.reports.notebook`, `.outputs`), and
how many rows of a long table. Those have tests of their own.
"""
