"""The process that makes reports for another one: a request a line on its input, an answer a line on its output.

Started by ``conversion_process`` with its own folder for temporary files, and as the leader of its own process group. It ends
when its input ends, and at once, with everything that it started, when the process that started it is gone.
"""

import json
import os
import shutil
import signal
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

from simpleflow_nb.processes.standard_streams import write_by_lines

_PARENT_LOOK_SECONDS = 0.5
_REMOVALS = 20
_TIDY_MEMORY_BYTES = 250_000_000


def main() -> None:
    """Answer until the input ends. Arguments: the id of the parent, and the folder for temporary files."""
    parent, scratch = int(sys.argv[1]), Path(sys.argv[2])
    # whatever a library prints must not be taken for an answer
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    write_by_lines()
    threading.Thread(target=_end_with_parent, args=(parent, scratch), daemon=True).start()
    sys.addaudithook(_refuse_network)
    _load_libraries()
    from . import compilation

    for line in sys.stdin:
        try:
            answer = _answered(json.loads(line))
        except BaseException as error:  # a panic of Typst is not an Exception
            _say(answers, {"crashed": f"{type(error).__name__}: {error}"})
            raise
        _say(answers, answer)
        # after the answer: nobody waits for it, unless the next request is there already
        if _memory_bytes() > _TIDY_MEMORY_BYTES:
            compilation.age_cached_results()


def _memory_bytes() -> int:
    import psutil

    memory: int = psutil.Process().memory_info().rss
    return memory


def _answered(request: dict[str, Any]) -> dict[str, Any]:
    from .conversion import ReportError, convert_report

    try:
        report = convert_report(Path(request["notebook"]), Path(request["target"]), _options(request["options"]))
    except ReportError as error:
        return {"refused": str(error)}
    return {"pages": report.pages, "warnings": report.warnings}


def _options(given: dict[str, Any]) -> Any:
    from .conversion import ReportOptions

    values = {one.name: given[one.name] for one in fields(ReportOptions)}
    values["font_directories"] = tuple(map(Path, values["font_directories"]))
    values["template"] = Path(values["template"]) if values["template"] is not None else None
    return ReportOptions(**values)


def _say(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _load_libraries() -> None:
    """Load the libraries that nearly every report needs before the first request, which need not wait for them then."""
    from . import compilation, html, markdown

    compilation.typeset_fonts(())
    markdown.markdown_html("")
    import defusedxml.ElementTree
    import latex2mathml.converter
    import selectolax.lexbor
    import tinycss2  # noqa: F401

    _ = (html, defusedxml, latex2mathml, selectolax)


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    # Nothing here asks for anything on the network; should a library ever do so, it must not succeed.
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request"):
        raise PermissionError(f"{event}: a report is made without the network")


def _end_with_parent(parent: int, scratch: Path) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_LOOK_SECONDS)
    # again while the other thread still writes into it; once it is gone, nothing can be made in it
    for _ in range(_REMOVALS):
        shutil.rmtree(scratch, ignore_errors=True)
        if not scratch.exists():
            break
    os.killpg(0, signal.SIGKILL)
