"""Dates from the names of objects in S3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from .name_patterns import NamePattern
from .source_errors import SourceError, SourceUnreachable

Stamp = list[Any]  #: size in bytes, time of the last change in ns, ETag


def dated_objects(pattern: str, *, timeout_seconds: float = 30) -> Iterator[tuple[date, str, Stamp]]:
    """Yield each object that matches ``s3://bucket/key``, with its date, its address and its stamp.

    ``{date}`` in the key stands for an ISO date, ``*`` and ``?`` for characters other than a slash. Everything below the part
    of the key before the first of these is listed, a thousand objects a request.

    Raises:
        SourceError: there is no such bucket, it may not be listed, or S3 cannot be reached; ``timeout_seconds`` bounds each
            request, which is tried twice.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = pattern.removeprefix("s3://").partition("/")
    patterns = [NamePattern(step) for step in key.split("/")]
    prefix = re.split(r"\*|\?|\{date\}", key)[0]
    config = Config(
        connect_timeout=min(timeout_seconds, 10),
        read_timeout=timeout_seconds,
        retries={"max_attempts": 2, "mode": "standard"},
    )
    try:
        pages = boto3.client("s3", config=config).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for found in page.get("Contents", ()):
                text = _date_in(found["Key"].split("/"), patterns)
                if text is None:
                    continue
                try:
                    day = date.fromisoformat(text)
                except ValueError:
                    continue  # the 30th of February, say
                changed = int(found["LastModified"].timestamp() * 1e9)
                yield day, f"s3://{bucket}/{found['Key']}", [found["Size"], changed, found["ETag"]]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status >= 500 or status == 429:  # throttled or out of order: no setting is to blame
            raise SourceUnreachable(f"S3 cannot be asked for {pattern}: {code or status}") from None
        reason = {
            "NoSuchBucket": "there is no such bucket",
            "AccessDenied": "access is denied; the credentials need s3:ListBucket",
        }.get(code, code or str(error))
        raise SourceError(f"the bucket of {pattern} cannot be listed: {reason}") from None
    except BotoCoreError as error:
        raise SourceUnreachable(f"S3 cannot be asked for {pattern}: {str(error).splitlines()[0]}") from None


def _date_in(steps: list[str], patterns: list[NamePattern]) -> str | None:
    """Return the text of the date if each step of a key matches its pattern."""
    if len(steps) != len(patterns) or not all(pattern.fits(step) for pattern, step in zip(patterns, steps, strict=True)):
        return None
    return next(pattern.date_in(step) for pattern, step in zip(patterns, steps, strict=True) if pattern.has_date)
