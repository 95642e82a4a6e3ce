"""Executed notebooks made into PDF reports, with no TeX, browser or other program installed.

``convert_report`` is the one entry point. A notebook is read (``notebook``), what is to be seen of each cell is written as
Typst code (``markdown``, ``html``, ``tables``, ``figures``, ``math``, ``outputs``), and the ``typst`` package sets the pages
(``compilation``, with the look in ``report.typ``).

Text of a notebook never becomes Typst code: everything is written through ``typst_code``, which knows string literals and
function calls and nothing else.
"""

from workers.reports.conversion import Report, ReportError, ReportOptions, convert_report

__all__ = ["Report", "ReportError", "ReportOptions", "convert_report"]
