"""Reasons why an item runs although it ran before, from what its former attempt has left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deciders.dates.durations import shown_duration
from deciders.tasks.results import NotebookResult
from deciders.values.item_reason import ItemReason
from deciders.values.key_parts import KeyParts
from deciders.values.label_state import AttemptState

from ..artefacts import read_record
from ..kept_paths import RELATIVE, portable_parameters
from ..secrets import masked_leaves
from .content_hashes import hash_of
from .taken_items import TAKEN_FROM, FoundItem

_ENDED_BEFORE: Mapping[AttemptState | None, str] = {
    AttemptState.FAILED: "it failed before",
    AttemptState.CANCELLED: "it was cancelled before",
    AttemptState.SKIPPED: "it had nothing to do before",
    AttemptState.LOST: "its worker was lost",
    AttemptState.RUNNING: "its worker was lost",
}
FORCED = ItemReason.ran("forced")
NOT_SHARED = ItemReason.ran("it was not shared before, and nobody can tell what has changed")
NEVER_KEPT = ItemReason.ran("its cache is never")
KEPT_NOTHING = ItemReason.ran("nothing that it depends on has changed, and the run was to keep nothing")


def reason_to_run(
    former: Path, now: KeyParts, *, is_shared: bool, upstream: Mapping[str, Any], is_forced: bool, is_never_kept: bool
) -> ItemReason | None:
    """Return why an item runs again whose former attempt has left the folder ``former``; None if it has not run before.

    ``now`` are its parts; of an item that is not shared, those of `plain_parts`. ``upstream`` is what it takes of other labels.
    """
    record, taken = read_record(former / "run.json"), read_record(former / TAKEN_FROM)
    if not record and not taken:
        return None
    if is_forced:
        return FORCED
    if record and (said := _ENDED_BEFORE.get(_status(record))) is not None:
        return ItemReason.ran(said)
    then = KeyParts.of_json((record or taken).get("key_parts")) if is_shared else _plain_parts_left(former)
    if is_shared and then is None:
        return NOT_SHARED
    if then is not None and (changes := now.changes_since(then)):
        return ItemReason.changed(changes)
    if is_never_kept:
        return NEVER_KEPT
    if later := [name for name, made in upstream.items() if _is_later(made, record)]:
        return ItemReason.ran(f"what it takes as {later[0]} was executed again")
    return KEPT_NOTHING


def reason_against(found: FoundItem | None, parts: KeyParts, seconds: int | None) -> ItemReason | None:
    """Return why a shared item of an instance that has not run before is not taken over from the latest of its label."""
    if found is None or found.parts is None:
        return None
    if changes := parts.changes_since(found.parts):
        return ItemReason.changed(changes, found.run)
    if found.is_older_than(seconds):
        return ItemReason.ran(f"that of {found.run} is older than {shown_duration(seconds or 0)}")
    return None


def plain_parts(
    notebook: Path, values: Mapping[str, Any], environment: Mapping[str, str], outputs: Path, inputs_dir: Path
) -> KeyParts:
    """Return those parts of any item that its ``config.json`` tells, too: its file, its parameters and its environment."""
    portable, _ = portable_parameters(values, outputs, inputs_dir)
    plain: dict[str, Any] = masked_leaves(json.loads(json.dumps({"p": portable, "e": dict(environment)}, default=str)))
    try:
        digest = hash_of(notebook)
    except OSError:
        digest = ""  # which the attempt itself reports
    return KeyParts.of(notebook={notebook.name: digest}, parameters=plain["p"], environment=plain["e"])


def _plain_parts_left(folder: Path) -> KeyParts | None:
    config = read_record(folder / "config.json")
    values, digest = config.get("parameters"), config.get("source_sha256")
    if not isinstance(values, dict) or not isinstance(digest, str) or RELATIVE not in config:
        return None  # of version 0.1, whose paths are not comparable
    environment = config.get("environment")
    return KeyParts.of(
        notebook={"": digest}, parameters=values, environment=environment if isinstance(environment, dict) else {}
    )


def _status(record: Mapping[str, Any]) -> AttemptState | None:
    try:
        return AttemptState(str(record.get("status")))
    except ValueError:
        return None


def _is_later(made: Any, record: Mapping[str, Any]) -> bool:
    if isinstance(made, list):
        return any(_is_later(one, record) for one in made if one is not None)
    ended = read_record(Path(NotebookResult.of_json(made).path).with_name("run.json")).get("ended")
    began = record.get("started")
    return isinstance(ended, str) and isinstance(began, str) and ended > began
