"""Available dates from a database, by a query of the user's."""

from __future__ import annotations

import logging
import threading
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from deciders.specification import SqlSource

from ..databases import installed_driver
from ..secrets import MissingSecretError, masked, read_secret
from .source_errors import SourceError, SourceUnreachable

if TYPE_CHECKING:
    import sqlalchemy as sa

logger = logging.getLogger(__name__)

#: Ten times the number of rows of a century of dates for ten types.
MOST_ROWS = 5_000_000


Versions = dict[str, dict[date, str | None]]  #: type -> date -> version of its data, None if the query has none


def sql_dates(source: SqlSource, *, timeout_seconds: float = 30) -> dict[str, list[date]]:
    """Return the dates of each type that the query returns, ascending, each once.

    Raises:
        SourceError: see `sql_versions`.
    """
    return {name: sorted(days) for name, days in sql_versions(source, timeout_seconds=timeout_seconds).items()}


def sql_versions(source: SqlSource, *, timeout_seconds: float = 30) -> Versions:
    """Return the versions that the query returns for each type and date.

    A row is a type of data, a date (a date, a time whose date counts, or ISO text) and perhaps a version of its data, which may
    be anything that changes with them. Several rows of a date make one version. ``timeout_seconds`` bounds the connection and
    the query together; after it the query is abandoned.

    Raises:
        SourceError: the password is missing, the database cannot be reached or refuses, the query does not give such rows, or
            the time is over.
    """
    found: list[Versions] = []
    failure: list[BaseException] = []

    def ask() -> None:
        try:
            found.append(_asked(source))
        except BaseException as error:
            failure.append(error)

    # A thread, because each driver has its own way to limit the time of a connection and a query.
    asking = threading.Thread(target=ask, name="sql-dates", daemon=True)
    asking.start()
    asking.join(timeout_seconds)
    if failure:
        raise failure[0]
    if not found:
        raise SourceUnreachable(f"the database of the source did not answer within {timeout_seconds:g} s")
    return found[0]


def _asked(source: SqlSource) -> Versions:
    import sqlalchemy as sa

    try:
        password = read_secret(source.password) if source.password is not None else ""
    except MissingSecretError as error:
        raise SourceError(str(error)) from None
    except (OSError, UnicodeDecodeError):
        raise SourceError(f"the secret {source.password} cannot be read from its file") from None
    try:
        url = installed_driver(sa.make_url(source.uri.replace("{}", quote(password, safe=""))))
        engine = sa.create_engine(url, poolclass=sa.NullPool)
    except sa.exc.ArgumentError:
        raise SourceError("the uri of the sql source is not a database URI such as sqlite:////data/days.sqlite3") from None
    except ImportError as error:
        raise SourceError(f"the sql source needs the package {error.name}, which is not installed") from None
    where = url.render_as_string(hide_password=True)
    found: dict[str, dict[date, set[str]]] = {}
    try:
        try:
            connected = engine.connect()
        except sa.exc.SQLAlchemyError as error:
            raise SourceUnreachable(f"the sql source {where} cannot be asked: {_said(error, password)}") from None
        with connected as connection:
            result = connection.execute(sa.text(source.query))
            if not result.returns_rows or len(result.keys()) not in (2, 3):
                raise SourceError(
                    "the query of the sql source must give a type of data, a date, and perhaps a version of the data, "
                    f"in two or three columns ({where})"
                )
            for number, row in enumerate(result):
                if number >= MOST_ROWS:
                    raise SourceError(f"the query of the sql source gives more than {MOST_ROWS} rows ({where})")
                versions = found.setdefault(str(row[0]), {}).setdefault(_day(row[1], where), set())
                versions.update(map(str, row[2:]))
    except sa.exc.SQLAlchemyError as error:
        raise SourceError(f"the sql source {where} cannot be asked: {_said(error, password)}") from None
    finally:
        engine.dispose()
    return {name: {day: ", ".join(sorted(seen)) or None for day, seen in days.items()} for name, days in found.items()}


def _day(value: Any, where: str) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(value).date()
    except (TypeError, ValueError):
        raise SourceError(f"the query of the sql source gives {value!r:.60}, which is not a date ({where})") from None


def _said(error: sa.exc.SQLAlchemyError, password: str) -> str:
    cause = getattr(error, "orig", None) or error
    text = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    text = text.replace(password, "***") if password else text
    return masked(text)[:300]
