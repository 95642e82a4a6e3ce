"""Available dates: from FlowKit's FlowAPI, from the names of files, or from other sources."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deciders.dates.written_dates import written_date
from deciders.specification import FilesSource, FlowApiSource, InstalledSource, Specification, SqlSource
from simpleflow_nb.environment import value_of
from simpleflow_nb.variables import FLOWAPI_TOKEN, FLOWAPI_URL, SSL_CERTIFICATE_FILE

from ..secrets import MissingSecretError, masked, read_secret
from .installed_sources import installed_dates
from .name_patterns import NamePattern
from .s3_dates import dated_objects
from .source_errors import SourceError, SourceUnreachable
from .sql_dates import sql_dates

if TYPE_CHECKING:
    import ssl

logger = logging.getLogger(__name__)

#: Ten thousand times the size of a century of dates for four types.
LARGEST_REPLY_BYTES = 50_000_000

#: Request timeout, too early, too many requests: the same request may succeed later.
_LATER = (408, 425, 429)

_TOKEN = re.compile(r"[A-Za-z0-9_-]+=*\.[A-Za-z0-9_-]+=*\.[A-Za-z0-9_-]*=*", re.ASCII)


def read_available_dates(specification: Specification, *, timeout_seconds: float = 30) -> dict[str, list[date]]:
    """Return the available dates by type of data, ascending, each once; empty lists for types without data. Empty without a
    sensor.

    With a files source, only the types in the sensor's ``cdr_types``, if it has any, are searched; FlowAPI answers for all its
    types in one request. ``timeout_seconds`` bounds that request as a whole.

    Raises:
        SourceError: a folder is missing or unreadable; FlowAPI is not configured, cannot be reached, refuses, or
            answers something that is not understood; the token is unreadable or has expired (no request is made then);
            likewise for S3, databases and installed sources.
    """
    if specification.sensor is None:
        return {}
    source = specification.sensor.source
    match source:
        case FlowApiSource():
            return flowapi_dates(timeout_seconds=timeout_seconds)
        case FilesSource():
            wanted = specification.sensor.cdr_types
            names = source.files if wanted is None else wanted
            return {name: _dates_of(specification.inputs_dir, source.files[name], timeout_seconds) for name in names}
        case SqlSource():
            return sql_dates(source, timeout_seconds=timeout_seconds)
        case InstalledSource():
            return installed_dates(source, specification.inputs_dir, timeout_seconds=timeout_seconds)


def _dates_of(inputs_dir: Path, pattern: str, timeout_seconds: float) -> list[date]:
    if pattern.startswith("s3://"):
        return sorted({day for day, _, _ in dated_objects(pattern, timeout_seconds=timeout_seconds)})
    return dates_of_files(inputs_dir, pattern)


def dates_of_files(inputs_dir: Path, pattern: str) -> list[date]:
    """Return the dates for which a file with a matching name exists, ascending.

    ``pattern`` is relative to ``inputs_dir``; ``{date}`` in it stands for an ISO date (a name with the 30th of
    February is no match), ``*`` and ``?`` for any characters within a name.

    Raises:
        SourceError: a folder that the pattern names is missing or cannot be read.
    """
    return sorted({day for day, _ in dated_files(inputs_dir, pattern)})


def dated_files(inputs_dir: Path, pattern: str) -> Iterator[tuple[date, Path]]:
    """Yield each file that `dates_of_files` counts, with its date."""
    steps = [step for step in pattern.split("/") if step not in ("", ".")]
    return ((day, path) for day, path in _walk(inputs_dir, steps, None, is_named=True) if day is not None)


def undated_files(specification: Specification, available: Mapping[str, Collection[date]]) -> list[str]:
    """Return a sentence for each type without dates that has files whose names match except for the date.

    Raises:
        SourceError: see `dates_of_files`.
    """
    sentences = list[str]()
    source = specification.sensor.source if specification.sensor is not None else None
    if not isinstance(source, FilesSource):
        return sentences
    for name in available:
        pattern = source.files[name]
        if available[name] or pattern.startswith("s3://"):
            continue
        steps = [step for step in pattern.replace("{date}", "*").split("/") if step not in ("", ".")]
        found = [path for _, path in _walk(specification.inputs_dir, steps, None, is_named=True)]
        if found:
            those, fit = ("1 file", "fits") if len(found) == 1 else (f"{len(found)} files", "fit")
            sentences.append(f"{those} {fit} {pattern!r} but for the date, which is written 2024-01-31: {found[0].name!r}")
    return sentences


def files_by_date(specification: Specification) -> dict[date, list[Path]]:
    """Return the files of each date on this machine, of the types that the sensor uses; empty for sources other than files.

    Raises:
        SourceError: see `dates_of_files`.
    """
    found: dict[date, list[Path]] = {}
    if specification.sensor is None:
        return found
    source = specification.sensor.source
    if isinstance(source, FilesSource):
        for name in source.files if specification.sensor.cdr_types is None else specification.sensor.cdr_types:
            if not source.files[name].startswith("s3://"):
                for day, path in dated_files(specification.inputs_dir, source.files[name]):
                    found.setdefault(day, []).append(path)
    return found


def _walk(folder: Path, steps: list[str], day: date | None, *, is_named: bool) -> Iterator[tuple[date | None, Path]]:
    """Yield each file under ``folder`` whose path matches ``steps``, with its date.

    ``is_named``: the pattern names the folder itself, which must therefore exist; other folders were found by matching.
    """
    step, rest = steps[0], steps[1:]
    if not any(special in step for special in ("*", "?", "{date}")):
        path = folder / step
        if rest:
            yield from _walk(path, rest, day, is_named=is_named)
        elif _is_file(path):
            yield day, path
        return
    pattern = NamePattern(step)
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        if is_named:
            raise SourceError(f"there is no folder {folder} to look for files in") from None
        return
    except OSError as error:
        raise SourceError(f"the folder {folder} cannot be read ({error.strerror})") from None
    for name in names:
        here = day
        if pattern.has_date:
            text = pattern.date_in(name)
            if text is None:
                continue
            try:
                here = date.fromisoformat(text)
            except ValueError:
                continue
        elif not pattern.fits(name):
            continue
        if rest:
            yield from _walk(folder / name, rest, here, is_named=False)
        elif _is_file(folder / name):
            yield here, folder / name


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise SourceError(f"{path} cannot be looked at ({error.strerror})") from None


def flowapi_dates(*, timeout_seconds: float = 30) -> dict[str, list[date]]:
    """Return the available dates of FlowAPI at ``FLOWAPI_URL``, using the secret ``FLOWAPI_TOKEN``.

    ``SSL_CERTIFICATE_FILE`` names the certificates to trust instead of the usual ones, or is one itself. One GET; redirects
    are not followed, so that the token goes nowhere else.

    Raises:
        SourceError: see `read_available_dates`.
    """
    import httpx

    url = _flowapi_url()
    token = _checked_token()
    shown_url = _without_login(url)
    try:
        with (
            httpx.Client(verify=_certificates(), timeout=httpx.Timeout(timeout_seconds), follow_redirects=False) as client,
            client.stream("GET", f"{url}/api/0/available_dates", headers={"Authorization": f"Bearer {token}"}) as response,
        ):
            body = _read_body(response, shown_url, timeout_seconds)
            status, wait = response.status_code, response.headers.get("Retry-After", "")
    except httpx.TimeoutException:
        raise SourceUnreachable(f"FlowAPI at {shown_url} did not answer within {timeout_seconds:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError) as error:
        # The last two come from proxies in the environment: one of an unknown kind, or one that needs a package that is
        # missing.
        raise SourceUnreachable(f"cannot reach FlowAPI at {shown_url}: {_said(str(error), token)}") from None
    if status != 200:
        kind = SourceUnreachable if status >= 500 or status in _LATER else SourceError
        raise kind(_refusal(shown_url, status, body, token) + (_asked_to_wait(wait) if kind is SourceUnreachable else ""))
    return _parsed(shown_url, body, token)


def _flowapi_url() -> str:
    url = (value_of(FLOWAPI_URL) or "").rstrip("/")
    if not url:
        raise SourceError("FLOWAPI_URL is not set, so there is no FlowAPI to ask; or give the sensor a source of files")
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_web = False
    if not is_web:
        raise SourceError(f"FLOWAPI_URL must be like https://host:port, not {_without_login(url)!r}")
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        logger.warning("the token goes unencrypted to %s; use https", _without_login(url))
    return url


def _without_login(url: str) -> str:
    """Make the URL fit for a message: remove user, password and query."""
    return masked(re.sub(r"//[^/]*@", "//", url).partition("?")[0])


def _checked_token() -> str:
    """Return the token if FlowAPI could accept it; only FlowAPI can tell if it is signed with the right key."""
    try:
        token = read_secret(FLOWAPI_TOKEN.name)
    except MissingSecretError as error:
        raise SourceError(str(error)) from None
    except (OSError, UnicodeDecodeError):
        raise SourceError("the secret FLOWAPI_TOKEN cannot be read from its file") from None
    claims = _claims(token)
    if claims is None:
        raise SourceError("FLOWAPI_TOKEN is not a JSON web token: copy it again from FlowAuth, whole and without quotes")
    expiry = claims.get("exp")
    if expiry is None:
        return token
    if not isinstance(expiry, (int, float)) or isinstance(expiry, bool):
        raise SourceError("FLOWAPI_TOKEN has an expiry date that is no number: ask for a new one in FlowAuth")
    if expiry <= time.time():
        when = datetime.fromtimestamp(max(expiry, 0), UTC)
        raise SourceError(f"FLOWAPI_TOKEN expired on {when:%Y-%m-%d %H:%M} UTC: ask for a new one in FlowAuth")
    return token


def token_expiry() -> float | None:
    """Return the time, in epoch seconds, at which ``FLOWAPI_TOKEN`` expires; None if it does not expire or is not set."""
    expiry = (_claims(read_secret(FLOWAPI_TOKEN.name, "")) or {}).get("exp")
    return float(expiry) if isinstance(expiry, (int, float)) and not isinstance(expiry, bool) else None


def _claims(token: str) -> dict[str, Any] | None:
    if not _TOKEN.fullmatch(token):
        return None
    try:
        parts = [json.loads(base64.urlsafe_b64decode(_padded(part))) for part in token.split(".")[:2]]
    except (ValueError, RecursionError):
        return None
    return parts[1] if all(isinstance(part, dict) for part in parts) else None


def _padded(part: str) -> str:
    bare = part.rstrip("=")
    return bare + "=" * (-len(bare) % 4)


def _certificates() -> ssl.SSLContext | bool:
    import ssl

    try:
        given = value_of(SSL_CERTIFICATE_FILE) or ""
        if "-----BEGIN" in given:  # the secret is the certificate itself
            return ssl.create_default_context(cadata=given)
        return ssl.create_default_context(cafile=given) if given else True
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it holds no certificate"
        raise SourceError(f"the certificate named by SSL_CERTIFICATE_FILE cannot be used: {reason}") from None


def _read_body(response: Any, shown_url: str, timeout_seconds: float) -> bytes:
    """Read the reply within one deadline: a server that sends a byte now and then would outlast httpx's own timeouts."""
    deadline = time.monotonic() + timeout_seconds
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST_REPLY_BYTES:
            raise SourceError(f"FlowAPI at {shown_url} answers with more than {LARGEST_REPLY_BYTES} bytes")
        if time.monotonic() > deadline:
            raise SourceUnreachable(f"FlowAPI at {shown_url} did not finish its answer within {timeout_seconds:g} s")
    return bytes(body)


def _refusal(shown_url: str, status: int, body: bytes, token: str) -> str:
    said = ""
    try:
        reply = json.loads(body)
        if isinstance(reply, dict) and isinstance(reply.get("msg"), str):
            said = f": {_said(reply['msg'], token)}"
    except (ValueError, RecursionError):
        pass  # the error page of a proxy has nothing that fits into a sentence
    if status in (401, 403):
        return f"FlowAPI at {shown_url} refuses the token (status {status}){said}"
    if status == 404:
        return f"there is no FlowAPI at {shown_url} (status 404): check FLOWAPI_URL"
    if 300 <= status < 400:
        return f"FlowAPI at {shown_url} sends us elsewhere (status {status}): set FLOWAPI_URL to its final address"
    return f"FlowAPI at {shown_url} answers with status {status}{said}"


def _asked_to_wait(header: str) -> str:
    """Format ``Retry-After``, in seconds or as a date; empty if it is neither."""
    if header.isascii() and header.isdigit() and len(header) < 8:
        return f"; it asks to wait {int(header)} s"
    try:
        return f"; it asks to wait until {parsedate_to_datetime(header).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return ""


def _said(text: str, token: str) -> str:
    """Quote the other side's text on one line, cut, and without the token even if it is echoed."""
    return masked(" ".join(text.replace(token, "***").split()))[:200] or "no reason given"


def _parsed(shown_url: str, body: bytes, token: str) -> dict[str, list[date]]:
    odd = f"FlowAPI at {shown_url} gives an answer that is not understood"
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        raise SourceError(f"{odd}: not JSON") from None
    by_type = reply.get("available_dates") if isinstance(reply, dict) else None
    if not isinstance(by_type, dict):
        raise SourceError(f"{odd}: it lacks 'available_dates'")
    found: dict[str, list[date]] = {}
    for name, days in by_type.items():
        if not isinstance(days, list):
            raise SourceError(f"{odd}: the dates of {_said(repr(name), token)} are not a list")
        try:
            found[name] = sorted({_parsed_date(day) for day in days})
        except ValueError as error:
            raise SourceError(f"{odd}: {_said(str(error), token)} is not a date") from None
    return found


def _parsed_date(day: Any) -> date:
    found = written_date(day)
    if found is None:
        raise ValueError(repr(day))
    return found
