"""Graphs of workflows and runs, drawn as text, for Mermaid and Graphviz, and as SVG."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_nb import Workflow, activity
from simpleflow_nb.application.graphs.drawings import FORMATS, drawn
from simpleflow_nb.application.graphs.task_graphs import graph_of_tasks
from simpleflow_nb.application.graphs.workflow_graph import Edge, EdgeKind, Node, WorkflowGraph
from simpleflow_nb.application.places import Place
from simpleflow_nb.application.project import Project
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.testing import harness
from tests.unit.fanned_project import FAN, broken_day, fanned, run_study

WHOLE = FAN.replace(
    "available",
    """\
      tidy: {filename: any.py, after: [total], when: always}
      alarm: {filename: any.py}
      risky: {filename: any.py, repeat: 2, on_failure: {run: alarm}}
available""",
)


def test_the_text_has_a_line_for_each_label_with_what_comes_before_it(tmp_path: Path) -> None:
    project = Project.open(fanned(tmp_path, WHOLE))
    assert project.graph("study", format="text").text == (
        "study\n"
        "days\n"
        "risky  2 times\n"
        "day    for each date    <- days\n"
        "alarm                   <- risky (on failure, all items)\n"
        "clean  for each of day  <- day\n"
        "total                   <- clean (all items), day (all items)\n"
        "tidy   when always      <- total (after)\n"
    )


def test_of_a_run_the_labels_have_their_states_and_fans_their_counts(tmp_path: Path) -> None:
    file = fanned(tmp_path)
    title = run_study(tmp_path, day=broken_day).run("study").instance
    project = Project.open(file)
    assert project.graph("study/", format="text").text == (
        f"study/{title}: failed (red)\n"
        "days                    done\n"
        "day    for each date    failed, 3 items: 1 done, 1 skipped, 1 failed  <- days\n"
        "clean  for each of day  not run, 3 items: 1 done, 2 skipped           <- day\n"
        "total                   not run                                       <- clean (all items), day (all items)\n"
    )
    fanned(tmp_path, FAN.replace("total:", "sum:"))
    drawing = Project.open(file).graph("study/", format="dot")
    assert list(drawing.notes) == [
        "workflows.yml has no 'total' any more, which the run had",
        "the run had no 'sum', which workflows.yml has now",
    ]
    with pytest.raises(DefinitionError) as refused:
        project.graph("nothing")
    assert str(refused.value).startswith("there is no run 'nothing'")
    with pytest.raises(DefinitionError) as refused:
        project.graph("study", format="png")
    assert str(refused.value).startswith("format is 'png'")


def test_mermaid_tells_fans_joins_orders_and_handlers_apart(tmp_path: Path) -> None:
    assert Project.open(fanned(tmp_path, WHOLE)).graph("study").text == (
        '---\ntitle: "study"\n---\n'
        "flowchart TD\n"
        '    n0["days"]:::plain\n'
        '    n1[["risky<br/>2 times"]]:::plain\n'
        '    n2[["day<br/>for each date"]]:::plain\n'
        '    n3["alarm"]:::plain\n'
        '    n4[["clean<br/>for each of day"]]:::plain\n'
        '    n5["total"]:::plain\n'
        '    n6["tidy<br/>when always"]:::plain\n'
        "    n0 --> n2\n"
        '    n1 -. "on failure" .-> n3\n'
        "    n2 --> n4\n"
        "    n4 ==> n5\n"
        "    n2 ==> n5\n"
        "    n5 -.-> n6\n"
        "    classDef plain fill:#ffffff,stroke:#555555,color:#000000\n"
    )


HOSTILE = '"]; <script>x</script> & \\" --> `b` #1; %%\n\x00'


def test_names_are_text_in_every_format() -> None:
    graph = WorkflowGraph(HOSTILE, [Node("a", HOSTILE), Node("b", "b")], [Edge("a", "b", EdgeKind.HANDLER)])
    plain = '"]; <script>x</script> & \\" --> `b` #1; %% \ufffd'
    mermaid = drawn(graph, "mermaid").text.splitlines()
    assert mermaid[4] == (
        '    n0["#34;#93;; #60;script#62;x#60;/script#62; #38; #92;#34; --#62; #96;b#96; #35;1; #37;#37; \ufffd"]:::plain'
    )
    assert mermaid[1] == 'title: "\\"]; <script>x</script> & \\\\\\" --> `b` #1; %% \ufffd"'
    assert drawn(graph, "dot").text.splitlines()[3].startswith('    n0 [label="\\"]; <script>x</script> & \\\\\\" --> ')
    root = ElementTree.fromstring(drawn(graph, "svg").text)
    texts = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[1:] == ["on failure", plain, "b"]
    assert not [*root.iter("{http://www.w3.org/2000/svg}script")]
    assert "href" not in drawn(graph, "svg").text


@given(
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30),
    st.lists(st.text(max_size=30), min_size=12, max_size=12),
)
def test_no_two_nodes_of_a_picture_overlap_and_none_is_outside(pairs: list[tuple[int, int]], names: list[str]) -> None:
    edges = [Edge(str(min(pair)), str(max(pair))) for pair in dict.fromkeys(pairs) if pair[0] != pair[1]]
    nodes = [Node(str(number), f"{number} {name}") for number, name in enumerate(names)]
    root = ElementTree.fromstring(drawn(WorkflowGraph("random", nodes, edges), "svg").text)
    rects = [one for group in root.iter("{http://www.w3.org/2000/svg}g") for one in group if one.tag.endswith("rect")]
    boxes = [tuple(float(one.attrib[name]) for name in ("x", "y", "width", "height")) for one in rects]
    assert len(boxes) == 12
    for number, (x, y, width, height) in enumerate(boxes):
        assert x >= 0
        assert y >= 0
        assert x + width <= float(root.attrib["width"])
        assert y + height <= float(root.attrib["height"])
        for other_x, other_y, other_width, other_height in boxes[:number]:
            is_beside = x >= other_x + other_width or other_x >= x + width
            assert is_beside or y >= other_y + other_height or other_y >= y + height
    for edge in edges:
        assert boxes[int(edge.source)][1] < boxes[int(edge.target)][1]


@pytest.mark.parametrize("format", FORMATS)
def test_a_graph_without_nodes_is_drawn_too(format: str) -> None:
    assert drawn(WorkflowGraph("empty", [], []), format).text.endswith("\n")


@activity.with_attributes()
def load(day: int) -> int:
    return day


@activity.with_attributes(raises_on_failure=False)
def total(days: list[int]) -> int:
    raise ValueError("no total")


class Loads(Workflow):
    name = "loads"

    def run(self) -> None:
        days = [self.submit(load, day) for day in range(3)]
        self.submit(total, [day.result for day in days]).wait()


def test_of_a_python_workflow_tasks_of_one_kind_are_one_node() -> None:
    with harness(Loads) as opened:
        ids = opened.start(Loads)
        opened.result(*ids)
        place = Place(opened.service, DOMAIN, opened.engine.payloads)
        graph = graph_of_tasks(place, {"workflowId": ids[0], "runId": ids[1]})
    lines = drawn(graph, "text").text.splitlines()
    name = f"{__name__}."
    assert lines == [
        "Loads-1",
        f"{name}load   done, 3 tasks: 3 done",
        f"{name}total  failed                 <- {name}load",
    ]
    assert list(graph.notes) == [
        "an arrow leads from what had ended to what the code scheduled then; what a task needs is known to the code alone"
    ]
