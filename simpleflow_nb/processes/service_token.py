"""The token of ``service.start``: what clients give as access key id."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from ..environment import value_of
from ..exceptions import DefinitionError
from ..masking import SHORTEST_SERVICE_TOKEN, keep_secret
from ..variables import SIMPLEFLOW_NB_TOKEN
from .process_title import TOKEN_OPTION, is_hidden_from_others

#: what is said to those who have typed the token, beside taking it
TYPED_TOKEN = (
    "--token was visible in ps during startup, and is in the shell's history; give --token-file FILE or SIMPLEFLOW_NB_TOKEN"
)


def checked_token(host: str, file: Path | None, typed: str | None) -> str | None:
    """Return the token that clients have to give; None if nobody has set it.

    Raises:
        DefinitionError: it was given twice, is too short, or stands in a file that cannot be read or has more in it; or nobody
            has set it, and other machines can reach ``host``.
    """
    token = _token(file, typed)
    if token is None and not _is_loopback(host):
        raise DefinitionError(
            f"--bind {host} is open to other machines: give a token of 16 characters or more with --token-file or "
            "SIMPLEFLOW_NB_TOKEN"
        )
    return token


def _token(file: Path | None, typed: str | None) -> str | None:
    if file is not None and typed is not None:
        raise DefinitionError("give --token-file alone, without --token")
    where, token = SIMPLEFLOW_NB_TOKEN.name, value_of(SIMPLEFLOW_NB_TOKEN)
    if typed is not None:
        if not is_hidden_from_others():
            raise DefinitionError("--token can be read by everybody in ps; give --token-file FILE or SIMPLEFLOW_NB_TOKEN")
        where, token = TOKEN_OPTION, typed.strip()
    elif file is not None:
        where, token = str(file), _file_text(file)
    elif not token:
        return None
    keep_secret(SIMPLEFLOW_NB_TOKEN.name, token)
    if len(token.split()) > 1:
        raise DefinitionError(f"the token in {where} has blanks or line ends in it; it is one word")
    if len(token) < SHORTEST_SERVICE_TOKEN:
        raise DefinitionError(f"the token in {where} has fewer than {SHORTEST_SERVICE_TOKEN} characters; that can be guessed")
    return token


def _file_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise DefinitionError(f"--token-file {file} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise DefinitionError(f"--token-file {file} is not text") from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
