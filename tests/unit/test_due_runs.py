"""Which runs are due, why the others are not, and what identifies a run."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deciders.dates.date_stencil import DateStencil, DateStencilError, InvalidDateIntervalError
from deciders.runs.due_runs import NotDue, due_runs
from deciders.runs.identity import identity, workflow_id
from deciders.runs.planned_run import identity_for, run_for
from deciders.specification import ConfiguredWorkflow, SensorSpecification, Specification, WorkflowSpecification
from deciders.values.reason import Reason, ReasonKind


def day(number: int) -> date:
    return date(2016, 1, 1) + timedelta(number - 1)


def entry(name: str = "w", **values: Any) -> ConfiguredWorkflow:
    return ConfiguredWorkflow(workflow_name=name, **values)


def specification(*entries: ConfiguredWorkflow, **sensor: Any) -> Specification:
    names = dict.fromkeys(each.workflow_name for each in entries)
    return Specification(
        path=Path("workflows.yml"),
        inputs_dir=Path("/inputs"),
        workflows=tuple(WorkflowSpecification(name=name, notebooks=()) for name in names),
        sensor=SensorSpecification(schedule=None, workflows=entries, **sensor),
    )


def days(*numbers: int) -> list[date]:
    return [day(number) for number in numbers]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "99914b932bd37a50b983c5e7c90ae93b"),
        ({"DUMMY_PARAM_NAME": "DUMMY_PARAM_VALUE"}, "ad29be4eff505a77aab8f147ac045b1b"),
        ({"reference_date": day(1), "date_ranges": [(day(1), day(2))]}, "1e6bbce81a0df1efeb11278ff440f3de"),
        ({"date_ranges": [(day(1), day(2))], "u": "admin2", "reference_date": day(1)}, "f9aae0a404519fe845c00a7367aa9947"),
    ],
)
def test_the_identity_is_autoflows(parameters, expected):
    assert identity(parameters) == expected


def test_the_identity_of_a_due_run_is_autoflows():
    (run,) = due_runs(specification(entry(parameters={"u": "admin2"})), {"calls": days(1)}, {}).due
    assert run.identity == "f9aae0a404519fe845c00a7367aa9947"
    assert run.instance == "2016-01-01_f9aae0a4"
    assert run.workflow_id == "w-2016-01-01-f9aae0a404519fe845c00a7367aa9947"
    assert run.date_ranges == [(day(1), day(2))]
    assert run.parameters == {
        "u": "admin2",
        "reference_date": "2016-01-01",
        "date_ranges": [["2016-01-01", "2016-01-02"]],
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
reserved = ("reference_date", "date_ranges")
parameter_sets = st.dictionaries(st.text(max_size=12).filter(lambda key: key not in reserved), json_values, max_size=4)


@given(parameter_sets, st.lists(st.integers(-3, 3), max_size=4))
def test_the_identity_of_a_run_is_that_of_its_parameters(parameters, stencil):
    available = {"calls": days(*range(1, 20))}
    configured = entry(parameters=parameters, date_stencil=stencil)
    for run in due_runs(specification(configured), available, {}).due:
        assert run.identity == identity(run.parameters)
        dates = {"reference_date": run.reference_date, "date_ranges": run.date_ranges}
        assert run.identity == identity({**parameters, **dates})
        assert run == run_for(configured, run.reference_date)


@given(parameter_sets)
def test_the_identity_ignores_the_order_of_keys_and_survives_json(parameters):
    backwards = dict(reversed(parameters.items()))
    assert identity(parameters) == identity(backwards) == identity(json.loads(json.dumps(parameters)))


def test_one_and_its_text_are_different_parameters_a_date_and_its_text_are_not():
    assert identity({"x": 1}) != identity({"x": "1"})
    assert identity({"x": day(1)}) == identity({"x": "2016-01-01"})
    assert identity({"x": [(day(1), day(2))]}) == identity({"x": [["2016-01-01", "2016-01-02"]]})


@pytest.mark.parametrize(
    ("changed", "is_the_same"),
    [
        ({"name": "w"}, True),
        ({"earliest_date": day(1)}, True),
        ({"date_stencil": [[0, 1]]}, True),  # the same days
        ({"date_stencil": [day(2)]}, True),
        ({"date_stencil": [-1, 0]}, False),
        ({"parameters": {"u": "admin2", "v": None}}, False),
        ({"parameters": {"u": "admin3"}}, False),
    ],
)
def test_parameters_and_days_alone_make_the_identity(changed, is_the_same):
    before = {"parameters": {"u": "admin2"}}
    done = {("w", run_for(entry(**before), day(2)).identity): "succeeded"}
    made = due_runs(specification(entry(**{**before, **changed}), cdr_types=("calls",)), {"calls": days(1, 2)}, done)
    assert (day(2) in [run.reference_date for run in made.due]) != is_the_same


def test_each_date_that_is_not_due_has_a_reason():
    made = due_runs(
        specification(entry(earliest_date=day(3), date_stencil=[[-2, 1]], parameters={"u": 1})),
        {"calls": days(2, 3, 4, 5, 6, 7, 9, 12, 31)},
        {
            ("w", run_for(entry(date_stencil=[[-2, 1]], parameters={"u": 1}), day(4)).identity): "succeeded",
            ("w", run_for(entry(date_stencil=[[-2, 1]], parameters={"u": 1}), day(5)).identity): "running",
            ("w", run_for(entry(date_stencil=[[-2, 1]], parameters={"u": 1}), day(6)).identity): "failed",
        },
    )
    assert [run.reference_date for run in made.due] == days(6, 7)
    reasons = {each.reference_date: each.reason.text for each in made.not_due}
    assert reasons == {
        day(2): "before earliest_date 2016-01-03",
        day(3): "needs 2016-01-01 which is not available",
        day(4): "already succeeded",
        day(5): "running",
        day(9): "needs 2016-01-08 which is not available",
        day(12): "needs 2016-01-10, 2016-01-11 which are not available",
        day(31): "needs 2016-01-29, 2016-01-30 which are not available",
    }
    assert [each.identity is None for each in made.not_due] == [True, True, False, False, True, True, True]
    assert made.warnings == ()


@pytest.mark.parametrize(
    ("stencil", "there", "reason"),
    [
        ([[-3, 1]], (9,), "needs 2016-01-06 to 2016-01-08 which are not available"),
        ([[-4, 1]], (5, 7, 9), "needs 2016-01-06, 2016-01-08 which are not available"),
        ([[-8, 1]], (4, 9), "needs 2016-01-01 to 2016-01-03, 2016-01-05 to 2016-01-08 which are not available"),
        ([[-5, 1]], (6, 9), "needs 2016-01-04, 2016-01-05, 2016-01-07, 2016-01-08 which are not available"),
        ([[-1000, 1]], (9,), "needs 2013-04-14 to 2016-01-08 which are not available"),
        ([{"dates": [-3, 1], "at_least": 2}], (9,), None),
    ],
)
def test_a_reason_names_missing_dates_that_follow_each_other_as_a_period(stencil, there, reason):
    (refused,) = [
        one
        for one in due_runs(specification(entry(date_stencil=stencil)), {"calls": days(*there)}, {}).not_due
        if one.reference_date == day(9)
    ]
    if reason is None:
        reason = "needs 2 of the 4 dates from 2016-01-06 to 2016-01-09, and 2016-01-06 to 2016-01-08 are not available"
    assert refused.reason.text == reason


def test_a_reason_names_ten_missing_dates_or_periods_and_counts_the_others():
    there = [day(1) + timedelta(number) for number in range(0, 100, 2)]
    refused = due_runs(specification(entry(date_stencil=[[-98, 1]])), {"calls": there}, {}).not_due[-1]
    named = ", ".join(f"{day(2) + timedelta(number)}" for number in range(0, 20, 2))
    assert refused.reason.text == f"needs {named} and 39 more which are not available"


def test_a_failed_date_is_due_at_each_check_and_may_be_again_and_again():
    states = {("w", run_for(entry(), day(1)).identity): "failed"}
    for _ in range(3):
        assert [run.reason.text for run in due_runs(specification(entry()), {"calls": days(1)}, states).due] == [
            "failed before"
        ]


def test_an_offset_that_leaves_the_calendar_is_the_reason_of_that_date():
    available = {"calls": [date(1, 1, 1), date(1, 1, 2)]}
    made = due_runs(specification(entry(date_stencil=[-1, 0])), available, {})
    assert [run.reference_date for run in made.due] == [date(1, 1, 2)]
    assert [one.reason.text for one in made.not_due] == [
        "date_stencil element 1, [-1, 0], leaves the calendar for reference date 0001-01-01"
    ]


def test_a_stencil_may_reach_before_the_earliest_date():
    made = due_runs(specification(entry(earliest_date=day(3), date_stencil=[-2])), {"calls": days(1, 3)}, {})
    assert [run.reference_date for run in made.due] == [day(3)]


def test_an_empty_mixed_pair_is_the_reason_of_that_date():
    made = due_runs(specification(entry(date_stencil=[[day(2), 0]])), {"calls": days(1, 2, 3)}, {})
    assert [run.reference_date for run in made.due] == [day(3)]
    assert [each.reason.text for each in made.not_due] == [
        "date_stencil element 1, [2016-01-02, 0], holds no date for reference date 2016-01-01",
        "date_stencil element 1, [2016-01-02, 0], holds no date for reference date 2016-01-02",
    ]
    with pytest.raises(InvalidDateIntervalError):
        run_for(entry(date_stencil=[[day(2), 0]]), day(1))


def test_an_entry_has_no_identity_for_a_date_that_its_stencil_holds_nothing_for():
    until_then = entry(date_stencil=[[0, day(2)]])
    assert identity_for(until_then, day(1)) == run_for(until_then, day(1)).identity
    assert identity_for(until_then, day(2)) is None
    assert identity_for(entry(date_stencil=[-1]), date.min) is None


def test_an_empty_stencil_needs_nothing_but_the_reference_date():
    (run,) = due_runs(specification(entry(date_stencil=[])), {"calls": days(1)}, {}).due
    assert run.parameters == {"reference_date": "2016-01-01", "date_ranges": []}


def test_the_order_is_that_of_the_entries_and_then_of_the_dates():
    made = due_runs(specification(entry("b"), entry("a"), entry("b", date_stencil=[])), {"calls": days(3, 1)}, {})
    assert [(run.workflow_name, run.reference_date) for run in made.due] == [
        (name, date) for name in ("b", "a", "b") for date in days(1, 3)
    ]


def test_those_of_a_workflow_with_a_higher_priority_come_first():
    made = specification(entry("b"), entry("a"), entry("c"))
    priorities = {"a": 1, "b": 0, "c": 1}
    flows = [flow.model_copy(update={"priority": priorities[flow.name]}) for flow in made.workflows]
    due = due_runs(made.model_copy(update={"workflows": tuple(flows)}), {"calls": days(1, 3)}, {}).due
    assert [(run.workflow_name, run.reference_date) for run in due] == [
        (name, date) for name in ("a", "c", "b") for date in days(1, 3)
    ]


def test_entries_that_come_to_the_same_run_once():
    made = due_runs(
        specification(entry(), entry("v"), entry(date_stencil=[[0, 1]]), entry(parameters={"x": 1})),
        {"calls": days(1)},
        {},
    )
    assert [(run.workflow_name, run.parameters.get("x")) for run in made.due] == [("w", None), ("v", None), ("w", 1)]
    assert made.not_due == (NotDue("w", day(1), made.due[0].identity, Reason.of(ReasonKind.DUPLICATE, entry=1)),)


REPLY = {"calls": days(1, 2), "sms": days(2, 3), "mds": [], "topups": days(2)}


@pytest.mark.parametrize(
    ("sensor", "reply", "dates", "warnings"),
    [
        ({}, {"calls": days(1, 2), "sms": days(2, 3)}, [1, 2, 3], []),
        ({"require": "all"}, {"calls": days(1, 2), "sms": days(2, 3)}, [2], []),
        ({"cdr_types": ("sms", "topups")}, REPLY, [2, 3], []),
        ({"cdr_types": ("sms", "topups"), "require": "all"}, REPLY, [2], []),
        ({}, REPLY, [1, 2, 3], ["no dates are available yet for 'mds'"]),
        ({"require": "all"}, REPLY, [], ["no dates are available yet for 'mds'"]),
        ({}, {}, [], ["no dates are available yet: the source names no types at all"]),
        ({"cdr_types": ("calls",)}, {}, [], ["no dates are available yet: the source names no types at all"]),
        ({"cdr_types": ()}, REPLY, [], ["cdr_types is an empty list, so no date is ever available"]),
        ({"cdr_types": ("calls",)}, {"sms": days(1)}, [], ["no dates for 'calls': the source names only 'sms'"]),
        ({"cdr_types": ("calls", "sms")}, {"sms": days(1)}, [1], ["no dates for 'calls': the source names only 'sms'"]),
        (
            {"cdr_types": ("calls", "sms"), "require": "all"},
            {"sms": days(1)},
            [],
            ["no dates for 'calls': the source names only 'sms'"],
        ),
    ],
)
def test_types_are_joined_or_all_required(sensor, reply, dates, warnings):
    made = due_runs(specification(entry(), **sensor), reply, {})
    assert [run.reference_date for run in made.due] == days(*dates)
    assert list(made.warnings) == warnings
    assert made.not_due == ()


def test_dates_may_come_as_any_iterable_and_more_than_once():
    made = due_runs(specification(entry()), {"calls": iter(days(2, 1, 2))}, {})
    assert [run.reference_date for run in made.due] == days(1, 2)


def test_the_state_of_another_workflow_does_not_count():
    states = {("v", run_for(entry(), day(1)).identity): "succeeded"}
    assert len(due_runs(specification(entry()), {"calls": days(1)}, states).due) == 1


def test_an_unknown_state_is_an_error():
    states = {("w", run_for(entry(), day(1)).identity): "success"}
    with pytest.raises(ValueError, match=r"^run state 'success' is none of 'running', 'succeeded', 'failed' and 'skipped'$"):
        due_runs(specification(entry()), {"calls": days(1)}, states)


stencils = st.lists(
    st.one_of(
        st.integers(-4, 4),
        st.integers(1, 15).map(day),
        st.tuples(st.integers(-5, 0), st.integers(1, 5)).map(list),
        st.tuples(st.integers(1, 8).map(day), st.integers(-2, 5)).map(list),
    ),
    max_size=4,
)


@given(
    st.lists(st.tuples(st.sampled_from("vw"), stencils), max_size=4),
    st.sets(st.integers(1, 15)),
    st.none() | st.integers(1, 15),
)
def test_the_fast_way_agrees_with_the_plain_one(entries, available, earliest):
    first = day(earliest) if earliest is not None else None
    configured = [entry(name, date_stencil=stencil, earliest_date=first) for name, stencil in entries]
    made = due_runs(specification(*configured), {"calls": map(day, available)}, {})
    expected, seen = [], set()
    for each in configured:
        for number in sorted(available):
            try:
                missing = DateStencil(each.date_stencil).missing_dates(day(number), map(day, available))
            except DateStencilError:
                continue
            if missing or (first is not None and day(number) < first):
                continue
            run = run_for(each, day(number))
            if (run.workflow_name, run.identity) not in seen:
                seen.add((run.workflow_name, run.identity))
                expected.append(run)
    assert list(made.due) == expected
    assert len(made.due) + len(made.not_due) == len(entries) * len(available)


def test_twenty_workflows_over_ten_years_are_looked_at_completely():
    entries = [entry(f"w{n}", date_stencil=list(range(-27 - n, 1 - n))) for n in range(20)]
    available = {"calls": days(*range(1, 3651))}
    made = due_runs(specification(*entries), available, {})
    assert len(made.due) == 20 * 3650 - sum(27 + n for n in range(20))
    states = {(run.workflow_name, run.identity): "succeeded" for run in made.due}
    again = due_runs(specification(*entries), available, states)
    assert again.due == ()
    assert len(again.not_due) == 73_000


@pytest.mark.parametrize("name", ["a/b", "a:b", "a|b", "a\nb", "a\x85b", " a", "x" * 300])
def test_a_workflow_id_that_swf_would_refuse_is_an_error(name):
    with pytest.raises(ValueError, match=r"^workflow id "):
        workflow_id(name, day(1), "0" * 32)


def test_the_longest_accepted_name_makes_a_workflow_id():
    assert len(workflow_id("x" * 100, day(1), "0" * 32)) == 144
