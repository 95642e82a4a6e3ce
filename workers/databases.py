"""What SQLAlchemy is told, and says, of databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa


def installed_driver(url: sa.URL) -> sa.URL:
    """Where psycopg2, SQLAlchemy's own choice, is not installed, PostgreSQL's addresses mean psycopg 3, also one that names it.

    ``postgres://``, which other programs take and SQLAlchemy does not, is PostgreSQL with either.
    """
    from importlib.util import find_spec

    if url.drivername == "postgres":
        url = url.set(drivername="postgresql")
    if url.drivername in ("postgresql", "postgresql+psycopg2") and find_spec("psycopg2") is None:
        return url.set(drivername="postgresql+psycopg")
    return url


def database_complaint(error: Exception) -> str:
    """What the database said, without SQLAlchemy's statement and link below it."""
    cause = getattr(error, "orig", None) or error
    line = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    return line[:1].lower() + line[1:]
