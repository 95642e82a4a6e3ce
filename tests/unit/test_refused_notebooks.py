"""The notebooks of a workflow: every way in which their settings, names and parameters are refused."""

import pytest

from tests.unit.workflow_files import VALID, complaints, load, notebook, one


def test_a_typo_in_a_reference_is_reported_where_it_stands(inputs):
    assert complaints(inputs, VALID.replace("flows: run_flows", "flows: run_flow")) == [
        "7: notebook 'report' wants 'run_flow', which is neither a parameter nor a notebook (did you mean 'run_flows'?)"
    ]


def test_a_typo_in_the_name_of_a_parameter_is_reported_once(inputs):
    assert complaints(inputs, VALID.replace("title: report_title", "title: report_titel")) == [
        "8: notebook 'report' wants 'report_titel', which is neither a parameter nor a notebook (did you mean 'report_title'?)"
    ]


DURATION = "a duration of at most 30 days, such as 90 (seconds), 10m or 2h"


CACHE = "must be 'run', 'shared', {shared: 7d} or 'never'"
MEMORY = "an amount of memory of at least 1 MB, such as 500MB or 2GiB"


@pytest.mark.parametrize(
    ("notebook", "entry", "expected"),
    [
        ("parameters: null", "", ["6: 'parameters' of notebook 'a' must be a mapping, not null"]),
        ("parameters: {x: 5}", "", ["6: 'x' of the parameters of notebook 'a' must be text, not 5"]),
        ("parameters: {x: a}", "", ["4: steps need each other in a circle: a -> a"]),
        ("parameters: {x: y}", "", ["10: entry 1 of the sensor ('w') gives no value for 'y'"]),
        (
            "parameters: {x: y}",
            "parameters: {zzz: 1}",
            [
                "11: entry 1 of the sensor ('w') gives 'zzz', which no notebook of workflow 'w' wants",
                "11: entry 1 of the sensor ('w') gives no value for 'y'",
            ],
        ),
        (
            "parameters: {x: reference_dat}",
            "",
            [
                "6: notebook 'a' wants 'reference_dat', which is neither a parameter nor a notebook "
                "(did you mean 'reference_date'?)"
            ],
        ),
        ("output: true", "", ["6: 'output' of notebook 'a' must be a mapping or a list, not true"]),
        (
            "output: {format: pdf, tempalte: x}",
            "",
            ["6: 'tempalte' is not a setting of the output of notebook 'a' (did you mean 'template'?)"],
        ),
        ("output: null", "", ["6: 'output' of notebook 'a' must be a mapping or a list, not null"]),
        ("cache: always", "", [f"6: 'cache' of notebook 'a' {CACHE}, not 'always'"]),
        ("cache: false", "", [f"6: 'cache' of notebook 'a' {CACHE}, not false"]),
        ("cache: {run: 7d}", "", [f"6: 'cache' of notebook 'a' {CACHE}, not a mapping"]),
        (
            "cache: {shared: 7w}",
            "",
            ["6: 'cache' of notebook 'a': 'shared' must be a length of time such as 90 s, 10 min, 2 h or 1 d, not '7w'"],
        ),
        (
            "cache: {shared: 0}",
            "",
            [
                "6: 'cache' of notebook 'a': 'shared' must be longer than 0 s; write never if nothing is to be taken over",
            ],
        ),
        (
            "parameters: {x: inputs_dir}\ncache: shared",
            "",
            [
                "6: notebook 'a' is shared and takes 'inputs_dir', so nobody can tell which files it reads there; name them, "
                "as in reads: ['*.csv'], or write reads: [] if it reads none",
            ],
        ),
        ("reads: ['../*.csv']\ncache: shared", "", ["6: the pattern '../*.csv' leaves the folder of this file"]),
        ("reads: [./]\ncache: shared", "", ["6: the pattern './' names no file"]),
        (
            "reads: [other**]\ncache: shared",
            "",
            ["6: the pattern 'other**' has '**' beside other characters; it is a folder of any name"],
        ),
        ("output: {}", "", ["6: the output of notebook 'a' lacks 'format'"]),
        ("output: {format: PDF}", "", ["6: 'format' of the output of notebook 'a' must be 'pdf' or 'html', not 'PDF'"]),
        ("output: []", "", ["6: 'output' of notebook 'a' is an empty list; leave it out"]),
        ("output: [5]", "", ["6: item 1 of 'output' must be a mapping, not 5"]),
        (
            "output: [{format: pdf}, {format: x}]",
            "",
            ["6: 'format' of output 2 of notebook 'a' must be 'pdf' or 'html', not 'x'"],
        ),
        ("output: [{format: pdf}, {format: pdf}]", "", ["6: notebook 'a' has two outputs of format 'pdf'"]),
        (
            "output: {format: pdf, code: yes please}",
            "",
            ["6: 'code' of the output of notebook 'a' must be true or false, not 'yes please'"],
        ),
        (
            "output: [{format: html, stream: true}]",
            "",
            ["6: 'stream' is not a setting of output 1 of notebook 'a' (did you mean 'streams'?)"],
        ),
        ("output: {format: html, template: bare.ipynb}", "", ["6: templates are for pdf; html has one look"]),
        (
            "output: {format: pdf, template: bare.ipynb}",
            "",
            ["6: template 'bare.ipynb' must end in '.typ' (Typst), '.tpl' or '.asciidoc.j2' (asciidoc)"],
        ),
        ("output: {format: pdf, template: no.typ}", "", ["6: there is no file 'no.typ' beside this file"]),
        ("kernels: x", "", ["6: 'kernels' is not a setting of notebook 'a' (did you mean 'kernel'?)"]),
        ("timeout: soon", "", [f"6: 'timeout' of notebook 'a' must be {DURATION}, not 'soon'"]),
        ("timeout: 0", "", [f"6: 'timeout' of notebook 'a' must be {DURATION}, not 0"]),
        ("timeout: 31d", "", [f"6: 'timeout' of notebook 'a' must be {DURATION}, not '31d'"]),
        ("cell_timeout: .nan", "", [f"6: 'cell_timeout' of notebook 'a' must be {DURATION}, not nan"]),
        ("cell_timeout: true", "", [f"6: 'cell_timeout' of notebook 'a' must be {DURATION}, not true"]),
        ("memory_limit: 2 GX", "", [f"6: 'memory_limit' of notebook 'a' must be {MEMORY}, not '2 GX'"]),
        ("memory_limit: 2", "", [f"6: 'memory_limit' of notebook 'a' must be {MEMORY}, not 2"]),
        ("memory_limit: [1]", "", [f"6: 'memory_limit' of notebook 'a' must be {MEMORY}, not a list"]),
        ("retries: 1.5", "", ["6: 'retries' of notebook 'a' must be a whole number from 0 to 20, not 1.5"]),
        ("retries: -1", "", ["6: 'retries' of notebook 'a' must be a whole number from 0 to 20, not -1"]),
        (
            "kernel: a b",
            "",
            ["6: 'kernel' of notebook 'a' must be the name of a kernel, of letters, digits, '-', '_' and '.', not 'a b'"],
        ),
        ("env: {A: 1}", "", ["6: 'A' of 'env' of notebook 'a' must be text, not 1"]),
        ("env: {A-B: x}", "", ["6: 'A-B' in 'env' of notebook 'a' cannot be the name of a variable"]),
    ],
)
def test_a_notebook_is_refused(inputs, notebook, entry, expected):
    assert sorted(complaints(inputs, one(inputs, notebook=notebook, entry=entry))) == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("othr.ipynb", "there is no file 'othr.ipynb' beside this file (did you mean 'other.ipynb'?)"),
        ("sub/run_flow.ipynb", "there is no file 'sub/run_flow.ipynb' beside this file (did you mean 'sub/run_flows.ipynb'?)"),
        ("no/where.ipynb", "there is no file 'no/where.ipynb' beside this file"),
        ("other.txt", "'other.txt' must end in '.ipynb' or '.py'"),
        ("other.IPYNB", "'other.IPYNB' must end in '.ipynb' or '.py'"),
        ("../x/other.ipynb", "'../x/other.ipynb' leaves the folder of this file"),
        ("sub/../../other.ipynb", "'sub/../../other.ipynb' leaves the folder of this file"),
        ("/other.ipynb", "'/other.ipynb' is not relative to the folder of this file"),
        ("out.ipynb", "'out.ipynb' is a link that leads out of the folder of this file"),
        ("loop.ipynb", "'loop.ipynb' cannot be looked at (a circle of links)"),
        ("folder.ipynb", "'folder.ipynb' is a folder, not a file"),
        ('"a\\0.ipynb"', "'a\\x00.ipynb' holds a control character"),
        ("x" * 300 + ".ipynb", None),
        ("''", "'filename' of notebook 'a' must be a name, not ''"),
        ("5", "'filename' of notebook 'a' must be text, not 5"),
    ],
)
def test_a_filename_is_refused(inputs, tmp_path_factory, filename, expected):
    outside = tmp_path_factory.mktemp("outside") / "secret.ipynb"
    outside.write_text("{}")
    (inputs / "out.ipynb").symlink_to(outside)
    (inputs / "loop.ipynb").symlink_to("loop.ipynb")
    (inputs / "folder.ipynb").mkdir()
    (message,) = complaints(inputs, one(inputs).replace("other.ipynb", filename))
    if expected is None:
        assert message.endswith("cannot be looked at (File name too long)")
    else:
        assert message == f"5: {expected}"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("''", "'' is empty"),
        ("'  '", "'  ' is empty"),
        ("'.'", "'.' means a folder"),
        ("'..'", "'..' means a folder"),
        ("x" * 101, f"'{'x' * 75} ... has 101 characters, more than 100"),
        ("ü" * 100 + "", None),
        ("日" * 70, f"'{'日' * 70}' needs 210 bytes as a file name, more than 200"),
        ("a/b", "'a/b' holds '/', which file names and workflow ids cannot hold"),
        ("a\\b", "'a\\\\b' holds '\\\\', which file names and workflow ids cannot hold"),
        ("'a:b'", "'a:b' holds ':', which file names and workflow ids cannot hold"),
        ("a|b", "'a|b' holds '|', which file names and workflow ids cannot hold"),
        ('"a\\tb"', "'a\\tb' holds a control character"),
        ('"a\\x85b"', "'a\\x85b' holds a control character"),
        ('"a\\u2028b"', "'a\\u2028b' holds a control character"),
        ('"a\\u202eb"', "'a\\u202eb' holds the invisible character U+202E; write the name without it"),
        ('"a\\u200bb"', "'a\\u200bb' holds the invisible character U+200B; write the name without it"),
        ('"a\\ufeff"', "'a\\ufeff' holds the invisible character U+FEFF; write the name without it"),
        ('"a\\u200db"', "'a\\u200db' holds the invisible character U+200D; write the name without it"),
    ],
)
def test_names_that_cannot_be_file_names_or_workflow_ids_are_refused(inputs, name, fault):
    as_workflow = one(inputs).replace("name: w\n", f"name: {name}\n")
    as_label = one(inputs).replace("    a:\n", f"    {name}:\n")
    if fault is None:
        assert load(inputs, as_workflow)
        assert load(inputs, as_label)
    else:
        assert complaints(inputs, as_workflow) == [f"2: workflow name {fault}"]
        assert complaints(inputs, as_label) == [f"4: notebook label {fault}"]


def test_a_workflow_name_that_begins_with_a_blank_is_refused(inputs):
    told = "2: workflow name ' w' begins with a blank, and so would its workflow ids"
    assert complaints(inputs, one(inputs).replace("name: w\n", "name: ' w'\n")) == [told]
    assert load(inputs, one(inputs).replace("name: w\n", "name: 'w '\n"))


def test_names_that_are_the_same_to_some_file_system_are_refused(inputs):
    assert complaints(
        inputs,
        """\
        workflows:
        - {name: W, notebooks: {a: {filename: other.ipynb}, A: {filename: other.ipynb}}}
        - {name: w, notebooks: {}}
        - {name: W, notebooks: {date_ranges: {filename: other.ipynb}}}
        available_dates_sensor: {schedule: null, workflows: [{workflow_name: ww}]}
        """,
    ) == [
        "2: notebook label 'A' differs from 'a' only in case (first in line 2)",
        "3: workflow name 'w' differs from 'W' only in case (first in line 2)",
        "3: workflow 'w' has no notebooks",
        "4: workflow name 'W' is defined twice (first in line 2)",
        "4: a notebook cannot be labelled 'date_ranges', which is an automatic parameter",
        "5: there is no workflow 'ww' in this file (did you mean 'w'?)",
    ]


def test_every_circle_is_named(inputs):
    assert complaints(
        inputs,
        """\
        workflows:
        - name: w
          notebooks:
            a: {filename: other.ipynb, parameters: {x: b}}
            b: {filename: other.ipynb, parameters: {x: c}}
            c: {filename: other.ipynb, parameters: {x: a}}
            d: {filename: other.ipynb, parameters: {x: e, y: a}}
            e: {filename: other.ipynb, parameters: {x: d}}
        available_dates_sensor: {schedule: null, workflows: []}
        """,
    ) == [
        "4: steps need each other in a circle: a -> b -> c -> a (lines 4, 5, 6)",
        "7: steps need each other in a circle: d -> e -> d (lines 7, 8)",
    ]


def test_a_notebook_without_a_parameters_cell_is_refused_if_it_is_given_parameters(inputs):
    text = one(inputs, notebook="parameters: {x: reference_date}").replace("other.ipynb", "bare.ipynb")
    assert complaints(inputs, text) == ["4: notebook 'a' is given parameters, but 'bare.ipynb' has no cell tagged 'parameters'"]


@pytest.mark.parametrize(
    ("source", "is_accepted"),
    [
        ("day = 1", True),
        ("if True:\n    day = 1", True),
        ("try:\n    import x as day\nexcept ImportError:\n    pass", True),
        ("(other, [*day]) = 1, [2]", True),
        ("for day in (): pass", True),
        ("print(day := 1)", True),
        ("%matplotlib inline\n!ls\nday = 1", True),
        ("from x import *", True),  # may bind anything
        ("%%time\nday = 1", True),  # not Python, so nothing is said
        ("day = = 1", True),
        ("dya = 1", False),
        ("def f():\n    day = 1", False),
        ("[day for day in ()]", False),
        ("print(day)", False),
        ("x.day = 1", False),
        ("", False),
    ],
)
def test_a_parameter_that_the_notebook_does_not_assign_is_refused(inputs, source, is_accepted):
    (inputs / "n.ipynb").write_text(notebook(source))
    text = one(inputs, notebook="parameters:\n  day: reference_date").replace("other.ipynb", "n.ipynb")
    if is_accepted:
        assert load(inputs, text)
    else:
        hint = " (did you mean 'dya'?)" if "dya" in source else ""
        assert complaints(inputs, text) == [f"7: 'n.ipynb' has no parameter 'day' in its cell tagged 'parameters'{hint}"]


def test_a_notebook_in_another_language_is_not_read_as_python(inputs):
    (inputs / "n.ipynb").write_text(notebook("x <- 1", kernelspec={"language": "R", "name": "ir"}))
    text = one(inputs, notebook="parameters: {day: reference_date}").replace("other.ipynb", "n.ipynb")
    assert load(inputs, text)


@pytest.mark.parametrize("content", ["[]", "{}", '{"cells": {}}', "[" * 100_000, "\x00", ""])
def test_odd_notebook_files_are_passed_over(inputs, content):
    (inputs / "n.ipynb").write_text(content)
    text = one(inputs, notebook="parameters: {day: reference_date}").replace("other.ipynb", "n.ipynb")
    assert load(inputs, text)


def test_odd_cells_have_no_tags(inputs):
    (inputs / "n.ipynb").write_text('{"cells": [5, {"metadata": []}, {"metadata": {"tags": 5}}]}')
    text = one(inputs, notebook="parameters: {day: reference_date}").replace("other.ipynb", "n.ipynb")
    assert complaints(inputs, text) == ["4: notebook 'a' is given parameters, but 'n.ipynb' has no cell tagged 'parameters'"]
