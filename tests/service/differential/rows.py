"""Every known difference between the two services."""

from __future__ import annotations

from tests.service.differential import rows_of_answers, rows_of_domains, rows_of_histories

ROWS = (*rows_of_histories.ROWS, *rows_of_answers.ROWS, *rows_of_domains.ROWS)
