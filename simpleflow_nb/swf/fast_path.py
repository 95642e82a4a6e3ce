"""Fast decoding of histories: botocore's own parser takes more than ten times as long on a poll of 1,000 events.

botocore emits ``before-parse`` with a dictionary whose entries override the results of its parser; its own S3 handlers use it.
The answer's body is decoded here as a whole; if it is not as expected, it is left for botocore to parse. Event timestamps are
numbers (epoch seconds) instead of datetimes.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

_CALLS = ("PollForDecisionTask", "GetWorkflowExecutionHistory")

#: moto's misspelt event types, with SWF's spelling, under which boto3 knows the attributes.
_MISSPELT = {"TimerCancelled": ("TimerCanceled", "timerCancelledEventAttributes", "timerCanceledEventAttributes")}


def install(client: Any) -> None:
    """Install the fast decoding of histories in a client."""
    for call in _CALLS:
        client.meta.events.register(f"before-parse.swf.{call}", decode, unique_id=f"simpleflow-nb-{call}")


def decode(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Handle ``before-parse``: for a history, fill ``customized_response_dict`` and empty the body."""
    if response_dict.get("status_code") != 200:
        return
    try:
        body = _decoded(response_dict["body"])
    except (ValueError, KeyError):
        return
    if not isinstance(body, dict) or not isinstance(body.get("events", []), list):
        return
    body.setdefault("events", [])
    if any(name.encode() in response_dict["body"] for name in _MISSPELT):
        _correct(body["events"])
    customized_response_dict.update(body)
    response_dict["body"] = b"{}"


def _correct(events: list[dict[str, Any]]) -> None:
    for event in events:
        if event.get("eventType") in _MISSPELT:
            event["eventType"], misspelt, right = _MISSPELT[event["eventType"]]
            event[right] = event.pop(misspelt, {})


def _decoded(body: bytes) -> Any:
    """Parse JSON.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)  # which accepts a lone surrogate: a text may have been cut there
