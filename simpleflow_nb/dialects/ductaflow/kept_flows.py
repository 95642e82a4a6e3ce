"""Runs that are kept, and the reasons for which others run again.

A run is kept if it ended well, and its flow's file, its config, the files that the config names, its kernel and the flows that
it called are the same. Flows of a build read each other's files by relative paths, which nobody sees: there a run is kept only
if those called before it in the build have not run since.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deciders.values.label_state import AttemptState
from workers.artefacts import read_record, write_record
from workers.secrets import masked_leaves

from .called_flows import CalledFlow
from .flow_config import PROJECT_ROOT, FlowConfig
from .flow_files import PREPARED, FlowFiles

if TYPE_CHECKING:
    from workers.notebooks.notebook_source import NotebookSource

SHOWN_CHANGES = 3  #: of a config's values, in a reason
SHOWN_CHARACTERS = 40  #: of each value

_KEY, _CALLED, _READ = "key", "called", "config_files"  # in the record of a run
_LONGEST_PATH = 4096
_ENDS = {
    AttemptState.RUNNING: "its last run was interrupted",
    AttemptState.FAILED: "its last run failed",
    PREPARED: "it was prepared, and not executed",
}


def key_of(source: NotebookSource, config: Mapping[str, Any]) -> dict[str, str]:
    """Return the parts by which a run is recognized."""
    return {
        "source": source.sha256,
        "config": _digest(config),
        "kernel": f"{source.kernel_name} {_digest([source.kernel_spec.argv, sys.version])[:16]}",
    }


def keep(files: FlowFiles, key: Mapping[str, str], config: FlowConfig, called: list[CalledFlow]) -> str:
    """Note in the record of a run that ended well all by which it is recognized; return the time at which it began."""
    record = read_record(files.record)
    # As they are now: a flow may write a file that its config names.
    stamps = {path: _stamp(path) for path in _files_named(config.values, files.folder)}
    ran = {**key, "source": record["source_sha256"]}  # which may have been written since the key was made
    write_record(files.record, {**record, _KEY: ran, _READ: stamps, _CALLED: [vars(call) for call in called]})
    return str(record["started"])


def started(files: FlowFiles) -> str:
    """Return the time at which the run in the record began."""
    return str(read_record(files.record)["started"])


def reason_to_run(
    files: FlowFiles, key: Mapping[str, str], config: Mapping[str, Any], before: Iterable[CalledFlow]
) -> str | None:
    """Explain why a flow that has run before runs again; empty if it has not run, None if its run can be kept.

    ``before`` are the calls of the same build that came first.
    """
    record = read_record(files.record)
    if not record:
        return ""
    if (status := record.get("status")) != AttemptState.SUCCEEDED:
        return _ENDS.get(str(status), f"its last run was {status}")
    kept = record.get(_KEY)
    if not isinstance(kept, dict):
        return "its last run was not made by run_notebook"
    if kept.get("source") != key["source"]:
        return "its file has changed"
    if kept.get("config") != key["config"]:
        return f"config: {_changes(files.config, config)}"
    if kept.get("kernel") != key["kernel"]:
        return "its kernel is another one, or another version of Python"
    if not files.executed.exists():
        return f"{files.executed.name} is gone"
    if sorted(_files_named(config, files.folder)) != sorted(record[_READ]):
        return "other files that its config names are there"
    return _changed_file(record) or _change_below(record) or _run_since(record, before)


def _changed_file(record: Mapping[str, Any]) -> str | None:
    changed = (path for path, stamp in record[_READ].items() if _stamp(path) != stamp)
    return next((f"{path} has changed" for path in changed), None)


def _change_below(record: Mapping[str, Any]) -> str | None:
    """Return the change of a flow that was called, directly or by one that was called; None if there is none."""
    for call in (CalledFlow(**each) for each in record[_CALLED]):
        name = Path(call.source).name
        if call.started is None:
            return f"{name}, which it called, did not end well, was only prepared, or ran as a script"
        if _sha256(Path(call.source)) != call.source_sha256:
            return f"{name}, which it called, has changed"
        inner = read_record(Path(call.record))
        if inner.get("status") != AttemptState.SUCCEEDED or inner.get("started") != call.started or _KEY not in inner:
            return f"{name}, which it called, has no such run in {Path(call.record).parent} any more"
        if (change := _changed_file(inner) or _change_below(inner)) is not None:
            return change
    return None


def _run_since(record: Mapping[str, Any], before: Iterable[CalledFlow]) -> str | None:
    """Return the reason if a flow called before this one has run since; what ran at the same time was not read."""
    ended = datetime.fromisoformat(record["ended"])
    for call in before:
        began = read_record(Path(call.record)).get("started")
        if began is not None and datetime.fromisoformat(began) > ended:
            return f"{Path(call.source).name}, called before it, has run since"
    return None


def _files_named(config: Mapping[str, Any], folder: Path) -> set[str]:
    """Return the absolute paths of the files that values of the config name, from the flow's folder or the project's root."""
    root = Path(config[PROJECT_ROOT])
    found = set()
    for text in _texts({key: value for key, value in config.items() if key != PROJECT_ROOT}):
        if text and len(text) <= _LONGEST_PATH and "\0" not in text:
            found |= {path for base in (folder, root) if os.path.isfile(path := os.path.normpath(base / text))}
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)


def _stamp(path: str) -> list[int] | None:
    """Return size and time of change of a file, in bytes and nanoseconds; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def _changes(kept: Path, config: Mapping[str, Any]) -> str:
    """Return the values that differ from those in the file of the last run."""
    now, before = masked_leaves(dict(config)), read_record(kept)
    told = [
        f"{name} {_short(before[name])} -> {_short(now[name])}" for name in now if name in before and before[name] != now[name]
    ]
    told += [f"{name} is new" for name in now if name not in before]
    told += [f"{name} is gone" for name in before if name not in now]
    if not told:
        return "it has changed"  # the file is not that of the last run, or a secret has changed
    more = len(told) - SHOWN_CHANGES
    return ", ".join(told[:SHOWN_CHANGES]) + (f" and {more} more" if more > 0 else "")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 3]}..."


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None  # gone: not what it was
