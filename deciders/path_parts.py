"""Names as parts of paths: the same on every machine, and different for different names."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

#: Bytes of one part of a path. File systems take 255; the rest is for suffixes such as ``.ipynb`` and for temporary names.
LONGEST_PART_BYTES = 180

_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|%]|^\.')


@lru_cache(maxsize=50_000)
def path_part(name: str) -> str:
    """Make ``name`` one part of a path, the same on every machine and different for different names.

    A safe name is kept as it is. Path separators, control characters, a leading dot and the characters that
    other systems refuse are percent-encoded; a name of more than 180 bytes is cut and ends in the start of its SHA-256.

    Raises:
        ValueError: the name is empty.
    """
    if not name:
        raise ValueError("a workflow, an instance and a label need a name to get a folder")
    return cut_part(encoded_part(name), LONGEST_PART_BYTES)


def encoded_part(name: str) -> str:
    """Percent-encode the characters of ``name`` that file systems refuse, whatever its length."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", name)


def cut_part(part: str, longest_bytes: int) -> str:
    """Cut ``part`` to a number of bytes; a cut part ends in the start of its SHA-256."""
    encoded = part.encode("utf-8", "surrogatepass")
    if len(encoded) <= longest_bytes:
        return part
    digest = hashlib.sha256(encoded).hexdigest()[:12]
    return f"{encoded[: longest_bytes - 13].decode('utf-8', 'ignore')}-{digest}"
