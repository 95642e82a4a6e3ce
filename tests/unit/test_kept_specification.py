"""What the histories of sensors and backfills keep of a workflow file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deciders.specification import load_specification
from simpleflow_nb import payload
from simpleflow_nb.exceptions import PayloadError
from simpleflow_nb.processes.payload_directory import MemoryPayloads, PayloadDirectory
from tests.acceptance.samples import WORKFLOWS, inputs
from workers.runs.kept_specification import by_reference, whole_specification


def test_a_specification_by_reference_is_small_whatever_the_file_is_and_comes_back_whole(tmp_path: Path) -> None:
    sizes = set()
    for number in (1, 300):
        notebooks = "".join(
            f"      n{n}: {{filename: count.ipynb, parameters: {{day: reference_date}}}}\n" for n in range(number)
        )
        text = WORKFLOWS.replace("    notebooks:\n", "    notebooks:\n" + notebooks)
        specification = load_specification(inputs(tmp_path / f"in{number:03}", workflows=text))
        payloads = PayloadDirectory(tmp_path / "payloads")
        given = json.loads(json.dumps(by_reference(specification, payloads)))
        assert whole_specification(given, payloads) == specification
        sizes.add(len(payload.reference("")) + len(json.dumps(given | {"reference": ""})))
        assert given["sensor"] == {"schedule": "0 6 * * *", "timezone": "UTC"}
    assert len(sizes) == 1


def test_a_specification_as_former_versions_kept_it_is_read_as_it_is(tmp_path: Path) -> None:
    specification = load_specification(inputs(tmp_path / "in"))
    assert whole_specification(specification.model_dump(mode="json"), MemoryPayloads()) == specification


def test_a_specification_whose_payload_is_gone_says_so(tmp_path: Path) -> None:
    given = by_reference(load_specification(inputs(tmp_path / "in")), MemoryPayloads())
    digest = payload.referenced_digest(given["reference"])
    with pytest.raises(PayloadError) as caught:
        whole_specification(given, MemoryPayloads())
    assert str(caught.value) == f"payload {str(digest)[:12]} was never stored here"


def test_where_the_file_is_says_what_stands_beside_the_reference(tmp_path: Path) -> None:
    specification, payloads = load_specification(inputs(tmp_path / "in")), MemoryPayloads()
    given = by_reference(specification, payloads) | {"path": "/new/flows.yml", "inputs_dir": "/new"}
    moved = specification.model_copy(update={"path": Path("/new/flows.yml"), "inputs_dir": Path("/new")})
    assert whole_specification(given, payloads) == moved
