"""Executed notebooks made into reports, PDF or HTML, with no TeX, Ruby or browser installed.

``make_report`` makes one in a child process that is kept for the next, within limits of time and memory; ``convert_report``
does the same in this process. A notebook is read (``notebook``), of each output the richest form is chosen (``outputs``), and
what is to be seen is written as Typst code (``markdown``, ``html``, ``tables``, ``figures``, ``math``), of which the ``typst``
package sets the pages (``compilation``, with the look in ``report.typ``), or as HTML (``web_page``, ``web_markup``).

Text of a notebook never becomes code: Typst is written through ``typst_code``, which knows string literals and function calls
and nothing else, and HTML element by element, with all text escaped.
"""

from .conversion import Report, ReportError, ReportOptions, convert_report
from .conversion_process import Limits, ReportStopped, end_idle_children, make_report

__all__ = [
    "Limits",
    "Report",
    "ReportError",
    "ReportOptions",
    "ReportStopped",
    "convert_report",
    "end_idle_children",
    "make_report",
]
