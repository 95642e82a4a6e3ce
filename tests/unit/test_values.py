"""States, lights, keys of artefacts: every word that any version has written is read, and printed as it stands in records."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from deciders.values.artefact_key import ArtefactKey, ArtefactKind
from deciders.values.item import Item
from deciders.values.item_state import ItemState
from deciders.values.label_state import STORED_WORDS as LABEL_WORDS
from deciders.values.label_state import AttemptState, LabelState
from deciders.values.light import Light
from deciders.values.run_state import STORED_WORDS as RUN_WORDS
from deciders.values.run_state import RunState
from simpleflow_nb.application.states.shown_states import STYLES, ShownState

RUNS = {
    "running": RunState.RUNNING,
    "succeeded": RunState.SUCCEEDED,
    "already done": RunState.SUCCEEDED,
    "success": RunState.SUCCEEDED,
    "skipped": RunState.SKIPPED,
    "failed": RunState.FAILED,
    "timed out": RunState.TIMED_OUT,
    "timed_out": RunState.TIMED_OUT,
    "terminated": RunState.TERMINATED,
    "cancelled": RunState.CANCELLED,
    "partial": RunState.PARTIAL,
}
LABELS = {
    "waiting": LabelState.PENDING,
    "pending": LabelState.PENDING,
    "running": LabelState.RUNNING,
    "done": LabelState.SUCCEEDED,
    "succeeded": LabelState.SUCCEEDED,
    "failed": LabelState.FAILED,
    "FAILED": LabelState.FAILED,
    "cancelled": LabelState.CANCELLED,
    "timed out": LabelState.TIMED_OUT,
    "timed_out": LabelState.TIMED_OUT,
    "cached": LabelState.CACHED,
    "skipped": LabelState.SKIPPED,
    "not run": LabelState.NOT_RUN,
}


@pytest.mark.parametrize(("word", "state"), RUNS.items())
def test_each_word_for_a_run_that_was_ever_stored_is_read(word: str, state: RunState) -> None:
    assert RunState.read(word) is state


@pytest.mark.parametrize(("word", "state"), LABELS.items())
def test_each_word_for_a_label_that_was_ever_stored_or_shown_is_read(word: str, state: LabelState) -> None:
    assert LabelState.read(word) is state


def test_no_stored_word_is_left_out_of_these_tables() -> None:
    assert (dict(RUN_WORDS), dict(LABEL_WORDS)) == (RUNS, LABELS)


@pytest.mark.parametrize("state", [*RunState, *LabelState, *AttemptState, *ItemState, *Light], ids=repr)
def test_a_value_is_its_word_in_json_and_is_read_again(state: RunState | LabelState | AttemptState | Light) -> None:
    word = json.loads(json.dumps({"state": state}))["state"]
    assert word == str(state) == f"{state}"
    read = getattr(type(state), "read", type(state))
    assert read(word) is state


def test_the_words_that_0_1_wrote_are_still_written() -> None:
    assert [str(state) for state in RunState] == [
        *("running", "succeeded", "skipped", "failed", "timed out", "terminated", "cancelled", "partial")
    ]
    assert [str(LabelState[name]) for name in ("SUCCEEDED", "CACHED", "FAILED", "SKIPPED", "NOT_RUN")] == [
        *("done", "cached", "failed", "skipped", "not run")
    ]
    assert [str(state) for state in AttemptState] == ["running", "succeeded", "skipped", "failed", "cancelled", "lost"]


UNKNOWN = (
    "'doen' is no state of a run; there are running, succeeded, skipped, failed, timed out, terminated, cancelled, partial"
)
UNKNOWN_LABEL = (
    "'doen' is no state of a label; there are waiting, running, done, failed, cancelled, timed out, cached, skipped, not run"
)


@pytest.mark.parametrize(("read", "sentence"), [(RunState.read, UNKNOWN), (LabelState.read, UNKNOWN_LABEL)])
def test_an_unknown_word_is_an_error_that_names_those_there_are(read: Callable[[str], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        read("doen")


@pytest.mark.parametrize(
    ("state", "of_instance"),
    [
        (RunState.RUNNING, "running"),
        (RunState.SUCCEEDED, "succeeded"),
        (RunState.SKIPPED, "skipped"),
        (RunState.FAILED, "failed"),
        (RunState.TIMED_OUT, "failed"),
        (RunState.TERMINATED, "failed"),
    ],
)
def test_an_instance_has_failed_after_every_end_but_success_and_those_that_say_nothing(
    state: RunState, of_instance: str
) -> None:
    assert (state.of_instance, state.says_nothing) == (of_instance, False)


def test_ends_that_were_wanted_say_nothing_of_the_instance() -> None:
    assert [state for state in RunState if state.says_nothing] == [RunState.CANCELLED, RunState.PARTIAL]


@pytest.mark.parametrize(
    ("needs", "state"),
    [
        ({LabelState.SKIPPED}, LabelState.SKIPPED),
        ({LabelState.SKIPPED, LabelState.SUCCEEDED, LabelState.CACHED}, LabelState.SKIPPED),
        ({LabelState.SKIPPED, LabelState.FAILED}, LabelState.NOT_RUN),
        ({LabelState.SKIPPED, LabelState.NOT_RUN}, LabelState.NOT_RUN),
        ({LabelState.SKIPPED, LabelState.CANCELLED}, LabelState.NOT_RUN),
        ({LabelState.FAILED}, LabelState.NOT_RUN),
        (set(), LabelState.NOT_RUN),
    ],
)
def test_a_label_that_was_never_started_is_skipped_only_if_nothing_that_it_needs_failed(
    needs: set[LabelState], state: LabelState
) -> None:
    assert LabelState.of_dependent(needs) is state


def test_each_word_that_a_terminal_shows_is_a_state_of_a_label_and_has_a_style() -> None:
    assert {LabelState.read(state) for state in ShownState} == set(LabelState) - {LabelState.NOT_RUN, LabelState.TIMED_OUT}
    assert STYLES.keys() == set(ShownState)


@pytest.mark.parametrize(
    ("lights", "worst"),
    [([], "green"), (["green", "green"], "green"), (["orange", "green"], "orange"), (["orange", "red", "green"], "red")],
)
def test_a_whole_has_the_worst_light_of_its_parts(lights: list[str], worst: str) -> None:
    assert Light.worst(lights) == worst


@pytest.mark.parametrize(
    ("failed", "warned", "light"),
    [(False, False, "green"), (False, True, "orange"), (True, False, "red"), (True, True, "red")],
)
def test_failure_goes_before_warnings(failed: bool, warned: bool, light: str) -> None:
    assert Light.of_work(failed=failed, warned=warned) == light


def test_a_successful_end_alone_is_green() -> None:
    assert [
        str(Light.of_end(state)) for state in (RunState.SUCCEEDED, RunState.SKIPPED, RunState.FAILED, RunState.TIMED_OUT)
    ] == [*("green", "green", "red", "red")]


@pytest.mark.parametrize(("word", "is_one"), [("orange", True), ("purple", False), (None, False), (["red"], False)])
def test_what_stands_in_a_file_may_be_no_light(word: object, is_one: bool) -> None:
    assert Light.is_light(word) is is_one


@pytest.mark.parametrize(
    ("key", "stored", "file_name", "shown"),
    [
        (ArtefactKey("count"), "count", "count", "count"),
        (ArtefactKey("count.v2"), "count.v2", "count.v2", "count.v2"),
        (ArtefactKey("count.html"), "count.html", "count.html", "count.html"),
        (ArtefactKey("count", "pdf"), "report:count", "count.pdf", "count"),
        (ArtefactKey("count", "html"), "report:count.html", "count.html", "count.html"),
        (ArtefactKey("count.v2", "pdf"), "report:count.v2", "count.v2.pdf", "count.v2"),
        (ArtefactKey("count.pdf", "pdf"), "report:count.pdf", "count.pdf.pdf", "count.pdf"),
        (ArtefactKey("count.v2", "html"), "report:count.v2.html", "count.v2.html", "count.v2.html"),
        (ArtefactKey("count", index=12), "count:12", "count:12", "count:12"),
        (ArtefactKey("count", "pdf", 0), "report:count:0", "count:0.pdf", "count:0"),
        (ArtefactKey("count.v2", "html", 3), "report:count.v2:3.html", "count.v2:3.html", "count.v2:3.html"),
    ],
)
def test_the_key_of_an_artefact_is_printed_and_read(key: ArtefactKey, stored: str, file_name: str, shown: str) -> None:
    assert (str(key), key.file_name, key.shown) == (stored, file_name, shown)
    assert ArtefactKey.parse(stored) == key
    if key.is_report:
        assert ArtefactKey.of_file_name(file_name) == key


def test_a_report_and_a_notebook_are_told_apart() -> None:
    assert [ArtefactKey.parse(text).kind for text in ("count", "report:count", "report", "report:report")] == [
        *(ArtefactKind.NOTEBOOK, ArtefactKind.REPORT, ArtefactKind.NOTEBOOK, ArtefactKind.REPORT)
    ]


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("count", Item("count")),
        ("count:0", Item("count", 0)),
        ("count.v2:17", Item("count.v2", 17)),
        ("count:", Item("count:")),
        ("count:x", Item("count:x")),
        ("count:01", Item("count:01")),
        (":1", Item(":1")),
        ("7", Item("7")),
    ],
)
def test_an_item_is_a_label_and_a_whole_number(text: str, item: Item) -> None:
    assert Item.parse(text) == item
    assert str(item) == text


ITEMS = {
    "waiting": ItemState.PENDING,
    "pending": ItemState.PENDING,
    "running": ItemState.RUNNING,
    "done": ItemState.SUCCEEDED,
    "succeeded": ItemState.SUCCEEDED,
    "failed": ItemState.FAILED,
    "FAILED": ItemState.FAILED,
    "cancelled": ItemState.CANCELLED,
    "timed out": ItemState.TIMED_OUT,
    "timed_out": ItemState.TIMED_OUT,
    "cached": ItemState.CACHED,
    "skipped": ItemState.SKIPPED,
    "not run": ItemState.SKIPPED,
}


def test_every_word_of_a_label_is_read_as_a_state_of_an_item_too() -> None:
    assert {word: ItemState.read(word) for word in LABELS} == ITEMS
    with pytest.raises(ValueError, match=f"^{re.escape(UNKNOWN_LABEL)}$"):
        ItemState.read("doen")


@pytest.mark.parametrize(
    ("state", "is_final", "ended_well", "ended_badly", "said"),
    [
        (ItemState.PENDING, False, False, False, "is pending"),
        (ItemState.RUNNING, False, False, False, "is running"),
        (ItemState.SUCCEEDED, True, True, False, "succeeded"),
        (ItemState.FAILED, True, False, True, "failed"),
        (ItemState.CANCELLED, True, False, True, "was cancelled"),
        (ItemState.TIMED_OUT, True, False, True, "timed out"),
        (ItemState.CACHED, True, True, False, "was cached"),
        (ItemState.SKIPPED, True, False, False, "was skipped"),
    ],
)
def test_an_item_has_ended_well_badly_or_was_skipped(
    state: ItemState, is_final: bool, ended_well: bool, ended_badly: bool, said: str
) -> None:
    assert (state.is_final, state.ended_well, state.ended_badly, state.said) == (is_final, ended_well, ended_badly, said)
