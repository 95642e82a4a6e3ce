"""What differs from one recording to the next, made equal: the one function through which everything recorded passes."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: Digits are zeroed where the width is fixed, so that tables stay as they are laid out.
_TIME = re.compile(r"\b20\d\d-\d\d-\d\d([T ])\d\d:\d\d(:\d\d(\.\d+)?)?")
#: One time in a thousand falls on a whole second, and is printed without a fraction.
#: in tracebacks: where code of ours stands is not what commands say
_OWN_LINE = re.compile(r'<root>/(?:simpleflow_nb|deciders|workers)/[\w/]+\.py(\\*"), line \d+')
_OWN_EXCEPTION = re.compile(r"\b(?:simpleflow_nb|deciders|workers)(?:\.\w+)+\.([A-Z]\w+(?=: ))")
_WHOLE_SECOND = re.compile(r"(\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d)\+00:00(?: {7})?")
_CLOCK = re.compile(r"(?<![\d:.-])\d\d:\d\d:\d\d(\.\d+)?(?![\d:])")
_EPOCH = re.compile(r"\b1[789]\d{8}(\.\d+)?\b")
_STAMP = re.compile(r"\b20\d{6}T?\d{6}(Z?)\b")
#: Run ids are random; an identity is made of the parameters, and must stay what it is.
_HEX = re.compile(r"(?<![0-9a-zA-Z])(?<!\"identity\": \")(?<!\d{4}-\d\d-\d\d-)[0-9a-f]{32}(?![0-9a-zA-Z])")
_UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
#: Made of the folder's path, or random.
_HASHED = re.compile(r"\b(local|sensor-project|backfill-[a-z]+)-([0-9a-f]{12}|[0-9a-f]{8})\b")
#: in the workflow id of a child: a hash of its parent's run id
_PARENT = re.compile(r"(?<=--)[0-9a-f]{5,8}(?=--)")
_STICKY = re.compile(r"~[\w.-]+-\d+-[0-9a-f]{8}\b")
_NANOSECONDS = re.compile(r"\b1[789]\d{17}\b")
_NUMBER = re.compile(r"(?<![\w.:-])(?<!default: )\d+\.\d+(?:e-\d+)?(?![\w.:;]|<=)")  # seconds that bear no unit, in tables
#: Whether a label is seen while it runs depends on how long it takes.
_SEEN_RUNNING = re.compile(r"^\S+  \S.* running\n", re.MULTILINE)
#: The rows of workflow.profile, which are in the order of the time that they took.
_PROFILE = re.compile(r"(?:^\S+  \w+(?:  0000-00-00 00:00  <number>){3}\n){2,}", re.MULTILINE)
_DURATION = re.compile(r"(?<![\w.<-])(?<! or )(?:\d+ (?:d|h|min|m) )*\d+(?:\.\d+)?(?:e-\d+)? ?(?:ms|µs|s|seconds?|min|h)\b")
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d{4,5}\b|(?<=localhost:)\d{4,5}\b|(?<=port=)\d{4,5}\b")
_PID = re.compile(r"\b((?:pid|process|process group|PID)(?: |\W{1,8}: ))\d+\b")
_AMOUNT = re.compile(r"\b\d+(?:\.\d+)? ?(?:kB|KB|KiB|MB|MiB|GB|GiB|bytes)\b")


class Normaliser:
    """Makes what several commands of one scene printed comparable; the same id is the same number in all of them."""

    def __init__(self, folders: Mapping[str, Path], versions: Mapping[str, str] | None = None) -> None:
        """``folders``: what is written for each path; ``versions``: what is written for each version."""
        self._paths = sorted(((str(path), f"<{name}>") for name, path in folders.items()), key=lambda pair: -len(pair[0]))
        self._paths.append((sys.executable, "<python>"))
        self._paths.append((f'"{socket.gethostname()}', '"<host>'))
        self._versions = {text: f"<{name}>" for name, text in (versions or {}).items()}
        self._ids: dict[str, int] = {}
        today = datetime.now(UTC).date()
        self._today = {(today + timedelta(days)).isoformat(): "<today>" for days in (-1, 0, 1)}

    def __call__(self, text: str) -> str:
        """The text with paths, versions, times, ids, durations, sizes, ports and process ids replaced.

        Where something of another width took the place of a value, columns are set two spaces apart: their widths differed
        from one recording to the next.
        """
        wide = text
        for path, name in self._paths:
            wide = wide.replace(path, name)
        for version, name in self._versions.items():
            wide = re.sub(rf"(?<![\w.]){re.escape(version)}(?![\w.])", name, wide)
        wide = _OWN_LINE.sub(r"<root>/<module>\1, line <line>", wide)
        wide = _OWN_EXCEPTION.sub(r"<module>.\1", wide)
        text = wide
        for pattern in (_UUID, _HEX):
            text = pattern.sub(lambda found: self._numbered(found[0]), text)
        text = _WHOLE_SECOND.sub(r"\1.000000+00:00", text)
        text = _TIME.sub(lambda found: re.sub(r"\d", "0", found[0]), text)
        text = _STAMP.sub(lambda found: re.sub(r"\d", "0", found[0]), text)
        text = _CLOCK.sub(lambda found: re.sub(r"\d", "0", found[0]), text)
        for day, name in self._today.items():
            text = text.replace(day, name)
        text = _HASHED.sub(lambda found: found[1] + "-" + "0" * len(found[2]), _SEEN_RUNNING.sub("", text))
        text = _STICKY.sub("~<process>", text)
        text = _NANOSECONDS.sub("<nanoseconds>", text)
        narrow = text
        text = _EPOCH.sub("<epoch>", text)
        text = _PARENT.sub("<parent>", text)
        text = _DURATION.sub("<duration>", text)
        text = _AMOUNT.sub("<size>", text)
        text = _NUMBER.sub("<number>", text)
        text = _PORT.sub("<port>", text)
        text = _PID.sub(r"\1<pid>", text)
        if text != narrow or (wide != text and any(name in text for _, name in self._paths)):
            text = re.sub(r"(?<=\S) {2,}(?=\S)", "  ", text)
            text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
        return _PROFILE.sub(lambda found: "".join(sorted(found[0].splitlines(keepends=True))), text)

    def _numbered(self, value: str) -> str:
        return f"{self._ids.setdefault(value, len(self._ids) + 1):0{len(value)}d}"
