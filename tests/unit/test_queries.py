"""The decorator ``@query``: what it takes, and the queries that a class has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from simpleflow_nb import Workflow, query
from simpleflow_nb.exceptions import DefinitionError, QueryFailed
from simpleflow_nb.queries import Query, queries_of


class Base(Workflow):
    @query
    def progress(self, day: str, verbose: bool = False) -> dict[str, int]:
        """Tell how far it is.

        More is not shown.
        """
        return {}

    @query(name="what it waits for")
    def waits(self, *names, **more):
        return names

    def plain(self):
        return 1


class Derived(Base):
    def progress(self):
        """Tell less."""
        return 1

    @query(name="waits")
    def waits(self):
        return 2

    @query()
    def added(self) -> Path:
        return Path()


class Without(Base):
    progress = None


def test_a_decorated_method_is_what_it_was():
    assert Base(None).progress("2013-02-22") == {}
    assert Base.waits.__name__ == "waits"


@pytest.mark.parametrize(
    ("cls", "found"),
    [
        (Workflow, []),
        (
            Base,
            [
                Query("progress", "progress", "(day: str, verbose: bool = False) -> dict[str, int]", "Tell how far it is."),
                Query("what it waits for", "waits", "(*names, **more)", ""),
            ],
        ),
        (
            Derived,
            [
                Query("added", "added", "() -> pathlib.Path", ""),
                Query("progress", "progress", "()", "Tell less."),
                Query("waits", "waits", "()", ""),
            ],
        ),
        (Without, [Query("what it waits for", "waits", "(*names, **more)", "")]),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_the_queries_of_a_class_are_its_own_and_those_of_its_bases(cls, found):
    assert list(queries_of(cls).items()) == [(one.name, one) for one in found]


def test_annotations_that_cannot_be_evaluated_are_shown_as_they_are_written():
    class Typed(Workflow):
        @query
        def told(self, day: Unknown) -> int:  # noqa: F821  (as under TYPE_CHECKING)
            return 1

    assert queries_of(Typed)["told"].signature == "(day: 'Unknown') -> 'int'"


def test_two_queries_of_one_name_are_refused():
    class Twice(Base):
        @query(name="progress")
        def other(self):
            return 1

    sentence = f"{__name__}.test_two_queries_of_one_name_are_refused.<locals>.Twice has two queries named 'progress': "
    with pytest.raises(DefinitionError, match=f"^{re.escape(sentence)}other and progress; rename one of them$"):
        queries_of(Twice)


async def waits(self):
    pass


def yields(self):
    yield 1


async def both(self):
    yield 1


@pytest.mark.parametrize(
    ("decorated", "sentence"),
    [
        (lambda: query(waits), "the query waits never waits; write a plain def that returns its answer"),
        (lambda: query(yields), "the query yields never waits; write a plain def that returns its answer"),
        (lambda: query(name="x")(both), "the query both never waits; write a plain def that returns its answer"),
        (
            lambda: query("progress"),
            "'progress' cannot be a query; write @query before a def of the workflow, or @query(name=...)",
        ),
        (
            lambda: query(Path),
            "<class 'pathlib.Path'> cannot be a query; write @query before a def of the workflow, or @query(name=...)",
        ),
        (lambda: query(name=""), "'' cannot name a query; give a text without blanks around it"),
        (lambda: query(name=" x"), "' x' cannot name a query; give a text without blanks around it"),
        (lambda: query(name=3), "3 cannot name a query; give a text without blanks around it"),
    ],
)
def test_what_cannot_be_a_query_is_refused_where_it_is_decorated(decorated, sentence):
    with pytest.raises(DefinitionError) as refused:
        decorated()
    assert str(refused.value) == sentence


def test_the_failure_of_a_query_can_be_sent_to_another_process():
    import pickle

    again = pickle.loads(pickle.dumps(QueryFailed("no", "Traceback ...")))
    assert (str(again), again.traceback) == ("no", "Traceback ...")


TYPED = """
from typing import assert_type

from simpleflow_nb import Workflow, query


class Report(Workflow):
    done = 0

    @query
    def progress(self, day: str) -> dict[str, int]:
        return {day: self.done}

    @query(name="is it done")
    def is_done(self) -> bool:
        return self.done > 0

    def run(self) -> None:
        assert_type(self.progress("2013-02-22"), dict[str, int])
        assert_type(self.is_done(), bool)
        self.progress(3)  # type: ignore[arg-type]

"""


def test_a_query_keeps_its_types(tmp_path):
    sample = tmp_path / "sample.py"
    sample.write_text(TYPED)
    words = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(sample)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 1 source file\n"), done.stdout + done.stderr
