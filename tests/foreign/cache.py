"""What clients are built from: fetched once from the registries, and kept outside of the project."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_FETCH_SECONDS = 600


class NotFetched(Exception):
    """The registry does not give it: it cannot be reached, or wants newer tools. Says why, in a line."""


def folder() -> Path:
    """The user's cache; deleting it costs the time to fetch everything again."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "simpleflow_nb" / "foreign"


def key_of(*declared: bytes) -> str:
    """A name for what these declarations ask for: another one as soon as one of them changes."""
    return hashlib.sha256(b"\0".join(declared)).hexdigest()[:16]


@contextmanager
def fetching(place: Path) -> Iterator[bool]:
    """Whether a place has yet to be filled; filled unless the block raises. One process at a time."""
    place.mkdir(parents=True, exist_ok=True)
    stamp = place / "fetched"
    with (place.parent / f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not stamp.exists()
        stamp.touch()


def fetch(command: Sequence[str], place: Path, environment: Mapping[str, str]) -> None:
    """Run a command that asks a registry.

    Raises:
        NotFetched: it failed, or has taken ten minutes.
    """
    try:
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=_FETCH_SECONDS)
    except subprocess.TimeoutExpired:
        raise NotFetched(f"{' '.join(command[:3])} has not ended within {_FETCH_SECONDS} s") from None
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip() and not line.startswith("WARNING")]
        raise NotFetched(f"{' '.join(command[:3])} said: {next(iter(lines), 'nothing'):.200}")


def own_environment(**values: str) -> dict[str, str]:
    """Ours without settings of AWS, so that nobody's profile chooses where a client goes, and with these values."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | values


def client_environment(endpoint: str) -> dict[str, str]:
    """What an SDK needs to find ``service.start``: an address, a region, any credentials."""
    return own_environment(
        AWS_ENDPOINT_URL=endpoint,
        AWS_REGION="eu-west-1",
        AWS_DEFAULT_REGION="eu-west-1",
        AWS_ACCESS_KEY_ID="any",
        AWS_SECRET_ACCESS_KEY="any",
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_MAX_ATTEMPTS="10",
        AWS_PAGER="",
    )
