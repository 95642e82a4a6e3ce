"""The settings of workflows and of the sensor: every way in which they are refused."""

import pytest

from tests.unit.workflow_files import complaints, one


def test_a_setting_that_a_workflow_does_not_have_is_refused(inputs):
    fault = "'attempt' is not a setting of workflow 'w' (did you mean 'attempts'?)"
    assert complaints(inputs, one(inputs, workflow="attempt: 3")) == [f"3: {fault}"]


@pytest.mark.parametrize(
    ("sensor", "expected"),
    [
        ("schedule: null", ["8: 'schedule' is given twice (first in line 7)"]),
        ("timezone: Europe/Zürich", ["8: 'Europe/Zürich' is not the name of a time zone (did you mean 'Europe/Zurich'?)"]),
        ("timezone: ../etc", ["8: '../etc' is not the name of a time zone"]),
        ("timezone: America", ["8: 'America' is not the name of a time zone"]),
        ("timezone: null", ["8: 'timezone' of available_dates_sensor must be text, not null"]),
        ("cdr_types: calls", ["8: 'cdr_types' of available_dates_sensor must be a list, not 'calls'"]),
        ("cdr_types: [calls, 5]", ["8: item 2 of 'cdr_types' must be text, not 5"]),
        ("max_parallel_runs: 0", ["8: 'max_parallel_runs' of available_dates_sensor must be at least 1, not 0"]),
        ("require: each", ["8: 'require' of available_dates_sensor must be 'any' or 'all', not 'each'"]),
        ("shedule: null", ["8: 'shedule' is not a setting of available_dates_sensor (did you mean 'schedule'?)"]),
        ("1: null", ["8: 1 is not a setting of available_dates_sensor"]),
        (
            "source: flowap",
            ["8: source must be 'flowapi' or a mapping with 'files' or 'sql', not 'flowap' (did you mean 'flowapi'?)"],
        ),
        ("source: null", ["8: source must be 'flowapi' or a mapping with 'files' or 'sql', not null"]),
        ("source: [files]", ["8: source must be 'flowapi' or a mapping with 'files' or 'sql', not a list"]),
        (
            "source: {file: {a: b}}",
            ["8: 'file' is not a setting of the source (did you mean 'files'?)"],
        ),
        ("source: {files: {}}", ["8: 'files' of the source must be a mapping of at least one type of data to its files"]),
        ("source: {files: {a: 5}}", ["8: the files of 'a' must be text, not 5"]),
        ("source: {files: {a: x.csv}}", ["8: the files of 'a': 'x.csv' must hold {date} exactly once"]),
        ("source: {files: {a: '{date}{date}'}}", ["8: the files of 'a': '{date}{date}' must hold {date} exactly once"]),
        ("source: {files: {a: '../{date}'}}", ["8: the files of 'a': '../{date}' leaves the folder of this file"]),
        ("source: {files: {a: '/d/{date}'}}", ["8: the files of 'a': '/d/{date}' is not relative to the folder of this file"]),
        ("source: {files: {a: '**/{date}'}}", ["8: the files of 'a': '**/{date}' must not hold '**': name the folders"]),
        (
            "source: {files: {flights: 'd/{date}.csv'}}\ncdr_types: [calls, flight]",
            [
                "9: cdr_types: 'calls' is none of the types of the source, 'flights'",
                "9: cdr_types: 'flight' is none of the types of the source, 'flights' (did you mean 'flights'?)",
            ],
        ),
        (
            "x: 2016-02-30",
            [
                "8: '2016-02-30' looks like a date, but is none; correct it, or put text in quotes",
                "8: 'x' is not a setting of available_dates_sensor",
            ],
        ),
        ("? [a]\n: b", ["8: a key must be text, not a list or a mapping"]),
        ("timezone: !!python/name:os.system x", ["8: the tag '!!python/name:os.system' has no meaning in a workflow file"]),
        ("cdr_types: !!set {calls}", ["8: the tag '!!set' has no meaning in a workflow file"]),
        ('timezone: "\\ud800"', ["8: '\\ud800' holds half a character (a lone surrogate)"]),
        ("cdr_types: &c [*c]", ["8: an alias stands inside the very value that it repeats"]),
        ("<<: [1]", ["8: '<<' must name a mapping or a list of mappings"]),
    ],
)
def test_a_sensor_is_refused(inputs, sensor, expected):
    assert complaints(inputs, one(inputs, sensor=sensor)) == expected


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("5", "'schedule' of available_dates_sensor must be text, not 5"),
        (
            "''",
            "schedule '' has 0 fields; "
            "a cron string has 5 (minute, hour, day of month, month, day of week), or 6 with the seconds last",
        ),
        ("'0 0 31 2 *'", "schedule '0 0 31 2 *' names a date that never comes"),
    ],
)
def test_a_schedule_is_refused(inputs, schedule, expected):
    text = one(inputs).replace("schedule: null", f"schedule: {schedule}")
    assert complaints(inputs, text) == [f"7: {expected}"]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("parameters: null", ["10: 'parameters' of entry 1 of the sensor ('w') must be a mapping, not null"]),
        ("parameters: {x: 1}", ["10: entry 1 of the sensor ('w') gives 'x', which no notebook of workflow 'w' wants"]),
        *(
            (f"parameters: {{{name}: x}}", [f"10: entry 1 of the sensor ('w') gives '{name}', which is set automatically"])
            for name in ("flowapi_url", "reference_date", "date_ranges")
        ),
        (
            "parameters: {inputs_dir: x}",
            ["10: entry 1 of the sensor ('w') gives 'inputs_dir', which no notebook of workflow 'w' wants"],
        ),
        ("parameters: {5: x}", ["10: the key 5 of 'parameters' is not text; quote it"]),
        ("earliest_date: null", ["10: earliest_date must be a date such as 2016-01-31, not null"]),
        (
            "earliest_date: 2016-01-01 10:00:00",
            ["10: earliest_date must be a date such as 2016-01-31, not 2016-01-01 10:00:00"],
        ),
        ("earliest_date: '20160101'", ["10: earliest_date must be a date such as 2016-01-31, not '20160101'"]),
        ("earliest_date: '2016-02-30'", ["10: earliest_date must be a date such as 2016-01-31, not '2016-02-30'"]),
        ("earliest_date: 2016-W05-3", ["10: earliest_date must be a date such as 2016-01-31, not '2016-W05-3'"]),
        (
            "reference_dates: {dates: [2016-W05-3]}",
            ["10: reference_dates: dates takes dates such as 2024-01-31, not '2016-W05-3'"],
        ),
        (
            "reference_dates: {every: 7, from: 2016-W05-3}",
            ["10: reference_dates: from takes dates such as 2024-01-31, not '2016-W05-3'"],
        ),
        (
            "date_stencil: [2016-W05-3]",
            [
                "10: date_stencil: '2016-W05-3' is neither a whole number of days nor a date, nor one of -4w, -1m, week, "
                "last_week, month, last_month"
            ],
        ),
        ("date_stencil: null", ["10: date_stencil must be a list, not null"]),
        ("date_stencil: -1", ["10: date_stencil must be a list, not -1"]),
        ("date_stencil: {-1: x}", ["10: date_stencil must be a list, not a mapping"]),
        (
            "date_stencil:\n- true\n- 0\n- 1.5\n- [1, 2, 3]\n- '2016-01-01'",
            [
                "11: date_stencil: true is neither a whole number of days nor a date",
                "13: date_stencil: 1.5 is neither a whole number of days nor a date",
                "14: date_stencil: a pair has two members, [first, end], but [1, 2, 3] has 3",
                "15: date_stencil: '2016-01-01' is text; write the date without quotes",
            ],
        ),
        (
            "date_stencil:\n- {dates: [-2, 1], at_least: 5}\n- mnth\n- {dates: [2016-13-01, 0], at_least: 5}",
            [
                "11: date_stencil: at_least is 5, but [-2, 1] never has more than 3 days",
                "12: date_stencil: 'mnth' is neither a whole number of days nor a date, nor one of -4w, -1m, week, last_week, "
                "month, last_month (did you mean 'month'?)",
                "13: '2016-13-01' looks like a date, but is none; correct it, or put text in quotes",
            ],
        ),
        (
            "reference_dates: {weekly: Monday}",
            [
                "10: reference_dates: weekly is a day of the week such as monday, or a list of them, not 'Monday' "
                "(did you mean 'monday'?)"
            ],
        ),
        (
            "reference_dates: {dates: [2016-13-01]}",
            ["10: '2016-13-01' looks like a date, but is none; correct it, or put text in quotes"],
        ),
        (
            "datestencil: [0]",
            ["10: 'datestencil' is not a setting of entry 1 of the sensor ('w') (did you mean 'date_stencil'?)"],
        ),
    ],
)
def test_an_entry_is_refused(inputs, entry, expected):
    assert complaints(inputs, one(inputs, entry=entry)) == expected
