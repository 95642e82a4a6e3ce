"""Database drivers and error messages of SQLAlchemy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa


def installed_driver(url: sa.URL) -> sa.URL:
    """Use psycopg 3 for PostgreSQL where psycopg2, SQLAlchemy's default, is not installed, even if the URL names psycopg2.

    ``postgres://``, which other programs accept and SQLAlchemy does not, means PostgreSQL with either driver.
    """
    from importlib.util import find_spec

    if url.drivername == "postgres":
        url = url.set(drivername="postgresql")
    if url.drivername in ("postgresql", "postgresql+psycopg2") and find_spec("psycopg2") is None:
        return url.set(drivername="postgresql+psycopg")
    return url


def database_complaint(error: Exception) -> str:
    """Return the database's own message, without SQLAlchemy's statement and link after it."""
    cause = getattr(error, "orig", None) or error
    line = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    return line[:1].lower() + line[1:]
