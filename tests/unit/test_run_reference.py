"""How a run is called on a command line: what is printed is taken back, and what fits several says how they differ."""

from __future__ import annotations

import random
import shlex
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from deciders.parameter_set import written
from deciders.runs.identity import date_in_instance, identity, identity_of_run, instance_name, workflow_id
from deciders.runs.run_reference import RunReference, UnknownRunError, found_run, reference_of

DAY = "2024-01-01"


@dataclass(frozen=True)
class Run:
    workflow: str
    reference_date: str | None
    parameters: dict[str, Any] = field(hash=False)
    title: str
    workflow_id: str
    run_id: str = ""


def run(name: str = "w", day: str = DAY, /, ranges: Any = None, **own: Any) -> Run:
    parameters = {**own, "reference_date": day, "date_ranges": ranges or [[day, "2024-01-03"]]}
    known, when = identity(parameters), date.fromisoformat(day)
    return Run(name, day, parameters, f"{name}/{instance_name(when, known)}", workflow_id(name, when, known))


REGIONS = [run(region=region) for region in ("north", "northeast", "south")] + [run("w", "2024-01-02", region="north")]
KINDS = [run(x=value) for value in (1, True, 1.0, "1", "true", None, "null", "", [1, 2], {"a": 1}, "[1,2]", "x")]
ODD = [
    run(place=place)
    for place in ("a,b", "a", "a=b", "a,c=d", "a b", " a", "Åse", "it's", 'say "so"', "a/b", "[a]", "\n", "\u202eabc", "yes")
]


@pytest.mark.parametrize(
    ("runs", "reference", "place"),
    [
        (REGIONS, f"w/{DAY},region=north", 0),
        (REGIONS, f"w/{DAY},region=northe", 1),
        (REGIONS, f"w/{DAY},region=s", 2),
        (REGIONS, f"w/{DAY}[region=south]", 2),
        (REGIONS, f"w/{DAY} [region=south]", 2),
        (REGIONS, f'w/{DAY},region="south"', 2),
        (REGIONS, f"{DAY},region=north", 0),
        (REGIONS, "2024-01-02", 3),
        (REGIONS, "w/2024-01-02", 3),
        (REGIONS, REGIONS[1].workflow_id, 1),
        (REGIONS, REGIONS[1].workflow_id[:-20], 1),
        (REGIONS, REGIONS[2].title, 2),
        (REGIONS, REGIONS[2].title[:-4], 2),
        ([*REGIONS[:2], run(region="south", limit=10)], f"w/{DAY},region=south,limit=1", 2),
        ([*REGIONS[:2], run(region="south", limit=10)], f"w/{DAY}[region=s, limit=10]", 2),
        (KINDS, f"w/{DAY},x=1", 0),
        (KINDS, f"w/{DAY},x=true", 1),
        (KINDS, f"w/{DAY},x=1.", 2),
        (KINDS, f'w/{DAY},x="1"', 3),
        (KINDS, f"w/{DAY},x=null", 5),
        (KINDS, f'w/{DAY},x=""', 7),
        (KINDS, f"w/{DAY},x=[1, 2]", 8),
        (KINDS, f'w/{DAY},x={{"a": 1}}', 9),
        (ODD, f"w/{DAY},place=a,b", 0),
        (ODD, f"w/{DAY},place=a=b", 2),
        (ODD, f"w/{DAY},place=a/", 9),
        ([run("a,b", region="x"), run("a,b", region="y")], f"a,b/{DAY},region=y", 1),
        ([run("of w", region="x"), run("of w", region="y")], f"of w/{DAY}[region=y]", 1),
    ],
)
def test_a_reference_means_one_run(runs: list[Run], reference: str, place: int) -> None:
    assert found_run(runs, reference) is runs[place]


SEVERAL = "'w/2024-01-01{}' fits {} runs: {}; name one of them"
STENCILS = [run(), run(ranges=[["2023-12-31", "2024-01-02"], ["2023-01-01", "2023-01-02"]])]


@pytest.mark.parametrize(
    ("runs", "reference", "sentence"),
    [
        (REGIONS, f"w/{DAY}", SEVERAL.format("", 3, ", ".join(f"w/{DAY},region={r}" for r in ("north", "northeast", "south")))),
        (REGIONS, f"w/{DAY},region=n", SEVERAL.format(",region=n", 2, f"w/{DAY},region=north, w/{DAY},region=northeast")),
        (
            REGIONS,
            f"w/{DAY},region=",
            SEVERAL.format(",region=", 3, ", ".join(f"w/{DAY},region={r}" for r in ("north", "northeast", "south"))),
        ),
        (
            STENCILS,
            f"w/{DAY}",
            SEVERAL.format(
                "",
                2,
                f"{STENCILS[0].title} (date_ranges 2024-01-01 to 2024-01-03), "
                f"{STENCILS[1].title} (date_ranges 2023-12-31 to 2024-01-02, 2023-01-01 to 2023-01-02)",
            ),
        ),
        (
            [run(region="a b"), run(region="it's")],
            f"w/{DAY}",
            SEVERAL.format("", 2, f"""'w/{DAY},region=a b', 'w/{DAY},region="it'"'"'s"'"""),
        ),
        (
            [run(x=number) for number in range(7)],
            f"w/{DAY}",
            SEVERAL.format("", 7, ", ".join(f"w/{DAY},x={n}" for n in range(5)) + " and 2 more"),
        ),
        (
            [run(region=r, kind=k) for r in "ab" for k in "cd"],
            f"w/{DAY},region=a",
            SEVERAL.format(",region=a", 2, f"w/{DAY},kind=c,region=a, w/{DAY},kind=d,region=a"),
        ),
        (
            REGIONS,
            f"w/{DAY},region=west",
            f"there is no run 'w/{DAY},region=west', but there is w/{DAY},region=north, w/{DAY},region=northeast, "
            f"w/{DAY},region=south",
        ),
        (
            REGIONS,
            f"w/{DAY},regoin=north",
            f"there is no run 'w/{DAY},regoin=north', but there is w/{DAY},region=north, "
            f"w/{DAY},region=northeast, w/{DAY},region=south",
        ),
        *(
            (REGIONS, wrong, f"there is no run {wrong!r}; runs.list shows which there are, as NAME/DATE or with more of the id")
            for wrong in ("v/2024-01-01", "w/2024-01-03,region=north", "2024-01-03", "w/2024-01-01;region", "", "x", "[", ",")
            if wrong
        ),
        (
            [*REGIONS, run("v")],
            f"{DAY},region=south",
            f"there is no run '{DAY},region=south'; runs.list shows which there are, as NAME/DATE or with more of the id",
        ),
        ([], DAY, f"there is no run '{DAY}'; runs.list shows which there are, as NAME/DATE or with more of the id"),
    ],
)
def test_what_means_none_or_several_is_one_sentence(runs: list[Run], reference: str, sentence: str) -> None:
    with pytest.raises(UnknownRunError) as caught:
        found_run(runs, reference)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("runs", [REGIONS, KINDS, ODD, STENCILS], ids=["regions", "kinds", "odd", "stencils"])
def test_what_a_run_is_called_leads_back_to_it(runs: list[Run]) -> None:
    for one in runs:
        called = reference_of(one, runs)
        [typed] = shlex.split(shlex.quote(called))
        assert found_run(runs, typed) is one, called
        everything = f"{one.workflow}/{one.reference_date},{written(one.parameters, ',')}"
        if runs is not STENCILS:
            assert found_run(runs, everything) is one, everything
            assert found_run(runs, f"{one.workflow}/{one.reference_date} [{written(one.parameters)}]") is one


def test_what_a_run_is_called_leads_back_to_it_whatever_its_parameters_are() -> None:
    chance = random.Random(7)
    letters = ["a", "b", ",", "=", '"', "'", " ", "[", "]", "{", "}", "\\", "1", "/", "é", "\t", "null", "true"]

    def value(depth: int = 0) -> Any:
        kind = chance.randrange(8 if depth < 2 else 6)
        if kind < 3:
            return "".join(chance.choices(letters, k=chance.randrange(4)))
        if kind == 6:
            return [value(depth + 1) for _ in range(chance.randrange(3))]
        if kind == 7:
            return {"".join(chance.choices(letters, k=2)): value(depth + 1) for _ in range(chance.randrange(3))}
        return chance.choice([0, 1, 10, True, False, None, 1.0, 1.5, -1])

    for _ in range(300):
        names = ["x", chance.choice(["y", "with space", "a=b", "a,b", '"q"', "ä"])]
        runs = list({one.workflow_id: one for one in (run(**{name: value() for name in names}) for _ in range(8))}.values())
        for one in runs:
            assert found_run(runs, reference_of(one, runs)) is one
            assert found_run(runs, f"{DAY},{written(one.parameters, ',')}") is one


@pytest.mark.parametrize("name", ["days", "a-b", "2016-01-01", "x" * 100])
def test_the_identity_of_a_run_is_read_from_its_id(name: str) -> None:
    known = identity({"a": 1})
    assert identity_of_run(workflow_id(name, date(2016, 1, 1), known)) == known
    assert instance_name("2016-01-01", known) == instance_name(date(2016, 1, 1), known) == f"2016-01-01_{known[:8]}"
    assert date_in_instance(instance_name("2016-01-01", known)) == "2016-01-01"
    assert date_in_instance(instance_name(None, known)) == ""


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("flows/2016-01-01", RunReference("flows", "2016-01-01")),
        ("flows/2016-01-01_f9aae0a4", RunReference("flows", "2016-01-01_f9aae0a4")),
        ("flows/standard_30", RunReference("flows", "standard_30")),  # an instance that has a name of its own
        ("flows/2016-01-01,k=1,name=a b", RunReference("flows", "2016-01-01", (("k", "1"), ("name", "a b")))),
    ],
)
def test_a_reference_is_printed_as_it_is_read(text: str, reference: RunReference) -> None:
    assert RunReference.parse(text, {"flows", "others"}) == reference
    assert str(reference) == text


def test_what_names_no_workflow_is_no_reference() -> None:
    assert RunReference.parse("none/2016-01-01", {"flows"}) is None
    assert RunReference.parse("2016-01-01", {"flows", "others"}) is None
    assert RunReference.parse("2016-01-01", {"flows"}) == RunReference("flows", "2016-01-01")
