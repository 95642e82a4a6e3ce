"""Responses to decision tasks at which a server breaks: they are not sent again.

boto3 sends a call again that was answered with status 500. A server that breaks in the middle of a response, as moto does at a
decision that it does not have, answers the second one with ``UnknownResourceFault``, as if the decision had come too late.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

_CALL = "RespondDecisionTaskCompleted"
_STATUS = 500


def install(client: Any) -> None:
    """Have the first breakdown of a server at a response raised."""
    client.meta.events.register(f"before-parse.swf.{_CALL}", raise_breakdown, unique_id="simpleflow-nb-breakdowns")


def raise_breakdown(response_dict: dict[str, Any], **_: Any) -> None:
    """Handle ``before-parse``: SWF's own failures are JSON, and left for botocore to send again.

    Raises:
        ClientError: the answer is the page of a web server, with the status 500 for its code.
    """
    if response_dict.get("status_code") != _STATUS:
        return
    try:
        json.loads(response_dict["body"])
    except ValueError:
        answer: Any = {
            "Error": {"Code": str(_STATUS), "Message": "Internal Server Error"},
            "ResponseMetadata": {"HTTPStatusCode": _STATUS},
        }
        raise ClientError(answer, _CALL) from None
