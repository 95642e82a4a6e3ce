"""The parameters of a run, as the title block of a report shows them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

NUMBER_LIMIT = 40
_LONGEST_VALUE = 200


def shown_parameters(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and value of each parameter, in order: text as it is, the rest as JSON, a long value cut; at most 40
    of them.
    """
    for name, value in list(parameters.items())[:NUMBER_LIMIT]:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        text = " ".join(text.split())
        yield str(name)[:100], text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
