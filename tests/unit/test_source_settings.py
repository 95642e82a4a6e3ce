"""What is asked of each source of dates that comes with this package, so that a further one is described in one place."""

from __future__ import annotations

from typing import get_args

import pytest

from deciders.specification import specification_schema
from deciders.specification.sources import BUILT_IN, FilesSource, FlowApiSource, InstalledSource, Source, SqlSource
from tests.unit.workflow_files import complaints, one


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (FlowApiSource(), "FlowAPI"),
        (FilesSource(files={"calls": "{date}.csv"}), "files"),
        (SqlSource(uri="sqlite://", query="SELECT 1"), "the query"),
        (InstalledSource(name="warehouse"), "the source 'warehouse'"),
    ],
)
def test_a_source_has_a_name_for_sentences(source: Source, name: str) -> None:
    assert source.called == name


def test_each_built_in_source_has_a_model_and_a_shape_of_its_name() -> None:
    kinds = {model.model_fields["kind"].default for model in get_args(Source)}
    assert kinds == {*BUILT_IN, "flowapi", "installed"}
    shapes = specification_schema()["$defs"]
    assert {name for shape in shapes.values() for name in BUILT_IN if name in shape.get("required", ())} == {*BUILT_IN}
    assert shapes["InstalledEntry"]["propertyNames"] == {"not": {"enum": [*BUILT_IN]}}


@pytest.mark.parametrize("name", [name for name, source in BUILT_IN.items() if source.settings is not None])
def test_unknown_and_missing_settings_of_a_built_in_source_are_told_of_it(inputs: object, name: str) -> None:
    told = complaints(inputs, one(inputs, sensor=f"source: {{{name}: {{nosuch: 1}}}}"))
    assert f"8: 'nosuch' is not a setting of '{name}'" in told
    assert any(line.startswith(f"8: '{name}' of the source lacks ") for line in told)
