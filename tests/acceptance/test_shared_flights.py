"""The flights example with labels in front that take no date: what its fourteen runs have in common is executed once."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.acceptance.samples import ROOT, notebook, typed
from workers.records.run_records import ItemRecord, RunRecords

IN_FRONT = """\
      places:
        filename: places.ipynb
        parameters: {folder: inputs_dir, prefix: prefix}
        cache: shared
        reads: [airports.csv]
        env: {COUNTS: COUNTS_FOLDER}
      names:
        filename: names.ipynb
        parameters: {table: {file: places/places.csv}}
        cache: shared
        env: {COUNTS: COUNTS_FOLDER}
      title:
        filename: title.ipynb
        parameters: {flows: flows, origin: origin}
"""
PLACES = """\
import os, uuid
from pathlib import Path
import pandas as pd
Path(os.environ["COUNTS"], f"places-{uuid.uuid4().hex}").touch()
airports = pd.read_csv(Path(folder, "airports.csv"), dtype="str")
airports.assign(name=prefix + airports.iloc[:, 1]).to_csv("places.csv", index=False)
"""
NAMES = """\
import os, uuid
from pathlib import Path
Path(os.environ["COUNTS"], f"names-{uuid.uuid4().hex}").touch()
print(len(open(table).readlines()))
"""
QUIET = ("--local", "--quiet", "--nb-workers", "2")


def project(folder: Path) -> Path:
    """The example, with a line of text for its report, which nothing here depends on."""
    (folder / "counts").mkdir(parents=True)
    shutil.copytree(ROOT / "examples" / "flights", folder / "flights")
    file = folder / "flights" / "workflows.yml"
    text = file.read_text()
    report = text[text.index("      report:\n") : text.index("available_dates_sensor:")]
    in_front = IN_FRONT.replace("COUNTS_FOLDER", str(folder / "counts"))
    text = text.replace(report, in_front).replace(
        "        filename: flows.ipynb\n", "        filename: flows.ipynb\n        after: [names]\n"
    )
    file.write_text(
        text.replace("origin: all airports", "origin: all airports, prefix: near").replace(
            "{origin: EWR}", "{origin: EWR, prefix: near}"
        )
    )
    notebook(file.with_name("places.ipynb"), "folder = prefix = None", PLACES)
    notebook(file.with_name("title.ipynb"), "flows = origin = None", "print('Flights from', origin)")
    notebook(file.with_name("names.ipynb"), "table = None", NAMES)
    return file


def executions(file: Path) -> dict[str, int]:
    return dict(Counter(path.name.partition("-")[0] for path in (file.parents[1] / "counts").iterdir()))


def items(file: Path, label: str) -> Iterator[ItemRecord]:
    with closing(RunRecords.open(file.parent / "outputs", to_look=True)) as records:
        for run in records.runs():
            yield from (item for item in records.items(run.run_id) if item.label == label)


def test_fourteen_runs_that_start_together_execute_it_once_and_a_change_once_more(tmp_path: Path) -> None:
    file = project(tmp_path)
    done = typed("sensor.start", file.name, *QUIET, "--once", cwd=file.parent)
    assert (done.returncode, done.stdout) == (0, done.stdout), done.stderr
    assert executions(file) == {"places": 1, "names": 1}
    for label, states in (
        ("places", {"succeeded": 1, "cached": 13}),
        ("names", {"succeeded": 1, "cached": 13}),
        ("flows", {"succeeded": 14}),
    ):
        assert Counter(item.state for item in items(file, label)) == states

    def again(prefix: str = "near", **environment: str) -> dict[str, str]:
        """Start one run more, and tell why its labels ran or did not."""
        words = ("workflow.start", f"{file.name}:flights_above_normal", *QUIET, "--set", "reference_date=2013-02-22")
        done = typed(*words, "--set", "origin=LGA", "--set", f"prefix={prefix}", cwd=file.parent, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        reasons = {label: str(list(items(file, label))[-1].reason) for label in ("places", "names")}
        return {
            label: re.sub(r" \(compared with [^()]+\)$|(?<=same as )flights_above_normal/2013.+", "", reason)
            for label, reason in reasons.items()
        }

    assert again() == dict.fromkeys(("places", "names"), "kept: same as ")
    assert executions(file) == {"places": 1, "names": 1}

    written = json.loads(file.with_name("places.ipynb").read_text())
    written["cells"][-1]["source"] += "# one byte more\n"
    file.with_name("places.ipynb").write_text(json.dumps(written))
    # the file that the second one takes has the same content
    assert again() == {"places": "ran: notebook places.ipynb changed", "names": "kept: same as "}
    assert executions(file) == {"places": 2, "names": 1}

    airports = file.with_name("airports.csv")
    airports.write_text(airports.read_text().replace("Newark", "Newerk"))
    assert again() == {"places": "ran: file airports.csv changed", "names": "ran: file places/places.csv changed"}
    assert again(prefix="by")["places"] == "ran: parameter prefix near -> by"
    assert executions(file) == {"places": 4, "names": 3}

    spec = tmp_path / "share" / "kernels" / "another"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Another", "language": "python"}))
    file.write_text(
        file.read_text().replace(
            "        filename: places.ipynb\n", "        filename: places.ipynb\n        kernel: another\n"
        )
    )
    assert again(JUPYTER_PATH=str(tmp_path / "share"))["places"] == "ran: kernel python3 is gone, kernel another is new"
