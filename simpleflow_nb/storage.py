"""Files and texts in S3, under simpleflow's names.

A bucket is a name, whose region is asked for once, or ``host/name`` with a host of amazonaws.com. Where boto3 is told another
endpoint, with ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL``, all goes there. Errors are boto3's.
"""

from __future__ import annotations

import io
import logging
import threading
from typing import Any

from .environment import value_of, variables_now
from .variables import AWS_ENDPOINT_URL, SIMPLEFLOW_S3_HOST, SIMPLEFLOW_S3_SSE

logger = logging.getLogger(__name__)

_HOSTS = "amazonaws.com"
_US_EAST_1 = "us-east-1"  # S3 has no name for it: buckets there have no location
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", AWS_ENDPOINT_URL.name)

_locations: dict[tuple[str, str | None], str] = {}
_of_thread = threading.local()  # boto3's resources are for one thread each


def sanitize_bucket_and_host(bucket: str) -> tuple[str, str]:
    """Return the name of a bucket, and its host as given, or else its region.

    Where it may not be asked for its region, that is ``SIMPLEFLOW_S3_HOST``.

    Raises:
        ValueError: it has more than one slash, or a host that is not one of amazonaws.com.
        botocore.exceptions.ClientError: there is no such bucket, or S3 refuses to say where it is.
    """
    from botocore.exceptions import ClientError

    host, slash, name = bucket.partition("/")
    if slash:
        if "/" in name or not name:
            raise ValueError(f"bucket {bucket!r}: write its name, or host/name")
        if host != _HOSTS and not host.endswith(f".{_HOSTS}"):
            raise ValueError(f"bucket {bucket!r}: the host is one of {_HOSTS}, such as s3.eu-west-1.{_HOSTS}")
        return name, host
    key = (bucket, _endpoint())
    if key not in _locations:
        try:
            answer = _session().client("s3").get_bucket_location(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
            host = value_of(SIMPLEFLOW_S3_HOST)
            logger.warning("the region of the bucket %s may not be asked for; it is looked for at %s", bucket, host)
            return bucket, host
        _locations[key] = answer.get("LocationConstraint") or _US_EAST_1
    return bucket, _locations[key]


def get_bucket(bucket_name: str) -> Any:
    """Return boto3's resource for a bucket, which only the calling thread may use.

    Raises:
        ValueError, botocore.exceptions.ClientError: as :func:`sanitize_bucket_and_host` does.
    """
    known: dict[tuple[str, str | None], Any] = _of_thread.__dict__.setdefault("buckets", {})
    key = (bucket_name, _endpoint())
    if key not in known:
        name, place = sanitize_bucket_and_host(bucket_name)
        known[key] = _session().resource("s3", **_address(place)).Bucket(name)
    return known[key]


def _address(place: str) -> dict[str, str]:
    """Return boto3's arguments for a region or a host."""
    if "." not in place:
        return {"region_name": place}
    return {} if _endpoint() else {"endpoint_url": f"https://{place}"}


def pull(bucket: str, path: str, dest_file: str) -> None:
    """Download an object to a file, which is there whole or not at all."""
    get_bucket(bucket).download_file(path, dest_file)


def pull_content(bucket: str, path: str) -> str:
    """Return the text of an object, which is UTF-8.

    Raises:
        UnicodeDecodeError: it is not.
    """
    content = io.BytesIO()
    get_bucket(bucket).download_fileobj(path, content)
    return content.getvalue().decode("utf-8")


def push(bucket: str, path: str, src_file: str, content_type: str | None = None) -> None:
    """Upload a file as an object; ``SIMPLEFLOW_S3_SSE`` asks S3 to encrypt it."""
    get_bucket(bucket).upload_file(src_file, path, ExtraArgs=_extra(content_type))


def push_content(bucket: str, path: str, content: str, content_type: str | None = None) -> None:
    """Upload a text as an object in UTF-8; ``SIMPLEFLOW_S3_SSE`` asks S3 to encrypt it."""
    get_bucket(bucket).upload_fileobj(io.BytesIO(content.encode("utf-8")), path, ExtraArgs=_extra(content_type))


def list_keys(bucket: str, path: str | None = None) -> list[Any]:
    """Return boto3's summaries of the objects whose keys begin with ``path``; of all without one."""
    return list(get_bucket(bucket).objects.filter(Prefix=path or ""))


def _extra(content_type: str | None) -> dict[str, str]:
    kind = {"ContentType": content_type} if content_type else {}
    return kind | ({"ServerSideEncryption": "AES256"} if value_of(SIMPLEFLOW_S3_SSE) else {})


def _endpoint() -> str | None:
    """Return the address that boto3 takes for S3 from the environment, None for Amazon's own."""
    return next((found for name in _ENDPOINTS if (found := variables_now().get(name))), None)


def _session() -> Any:
    """Return boto3's session of this thread."""
    import boto3

    if not hasattr(_of_thread, "session"):
        _of_thread.session = boto3.session.Session()
    return _of_thread.session
