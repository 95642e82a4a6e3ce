"""The pages as an ASGI application: addresses, and what answers them."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ..application.graphs.drawings import drawn
from ..application.graphs.file_graphs import graph_of_name
from ..exceptions import DefinitionError, SimpleflowError
from .changes import Changes
from .drawn_notebooks import DrawnNotebooks
from .guard import LOOPBACK, POLICY_OF_NOTEBOOKS, Guard
from .kept_pages import KeptPages
from .paper import Paper
from .shelf import Shelf, Shelved
from .views.dates import dates_page
from .views.files import FoundFile, notebook_file, printed_text, report_file
from .views.run import run_page
from .views.workflow import workflow_page

logger = logging.getLogger(__name__)

_STATIC = Path(__file__).parent / "static"
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")

Draw = Callable[[], Mapping[str, Any]]


class Pages:
    """The pages of the projects on a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.changes = Changes({file for shelved in shelf for file in shelved.databases})
        self._kept, self._paper, self._notebooks = KeptPages(self.changes), Paper(), DrawnNotebooks()

    def application(self, hosts: Collection[str] = LOOPBACK) -> Starlette:
        """Return the ASGI application for a server that is called by one of these names."""
        application = Starlette(
            routes=[
                Route("/", self._dates),
                Route("/news", self._news),
                Mount("/static", StaticFiles(directory=_STATIC)),
                Route("/{key}/workflow", self._workflow),
                Route("/{key}/run", self._run),
                Route("/{key}/graph.svg", self._graph),
                Route("/{key}/notebook", self._notebook),
                Route("/{key}/report", self._report),
                Route("/{key}/output", self._output),
            ],
            middleware=[
                Middleware(Guard, hosts=hosts),
                Middleware(GZipMiddleware, minimum_size=1_000, compresslevel=4),
            ],
            exception_handlers={DefinitionError: self._not_found, SimpleflowError: self._out_of_reach, 404: self._no_page},
            lifespan=self._lifespan,
        )
        application.router.redirect_slashes = False
        return application

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self.changes.start()
        try:
            yield
        finally:
            await run_in_threadpool(self.changes.stop)
            self._notebooks.close()

    # ---- pages -------------------------------------------------------------------------------------------------------------

    async def _dates(self, request: Request) -> Response:
        month = request.query_params.get("month")
        if month is not None and _MONTH.fullmatch(month) is None:
            raise DefinitionError(f"{month[:20]!r} is not a month such as 2024-01")
        is_watched = all(one.is_watched for one in self.shelf)
        return await self._drawn(request, "dates.html", lambda: dates_page(self.shelf, month), is_watched=is_watched)

    async def _workflow(self, request: Request) -> Response:
        shelved, name = self._shelved(request), _wanted(request, "name")
        if not any(workflow.name == name for workflow in shelved.project.specification.workflows):
            raise DefinitionError(f"{shelved.title} has no workflow {name!r}")
        return await self._drawn(request, "workflow.html", lambda: workflow_page(shelved, name), is_watched=shelved.is_watched)

    async def _run(self, request: Request) -> Response:
        shelved, run = self._shelved(request), _wanted(request, "run")
        return await self._drawn(request, "run.html", lambda: run_page(shelved, run), is_watched=shelved.is_watched)

    async def _drawn(self, request: Request, template: str, values: Draw, *, is_watched: bool) -> Response:
        address = f"{request.url.path}?{request.url.query}"
        page = await self._kept.page(address, lambda: self._paper.draw(template, **values()), is_watched=is_watched)
        headers = {"etag": page.tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == page.tag:
            return Response(status_code=304, headers=headers)
        return Response(page.body, media_type="text/html; charset=utf-8", headers=headers)

    # ---- files -------------------------------------------------------------------------------------------------------------

    async def _graph(self, request: Request) -> Response:
        project, name = self._shelved(request).project, _wanted(request, "of")

        def drawing() -> str:
            return drawn(graph_of_name(project.specification, project.outputs, project.service, name), "svg").text

        return Response(await run_in_threadpool(drawing), media_type="image/svg+xml")

    async def _notebook(self, request: Request) -> Response:
        shelved, run, item = self._shelved(request), _wanted(request, "run"), _wanted(request, "item")

        def page() -> bytes:
            return self._notebooks.page(notebook_file(shelved, run, item).path)

        return _foreign(Response(await run_in_threadpool(page), media_type="text/html; charset=utf-8"))

    async def _report(self, request: Request) -> Response:
        found = await run_in_threadpool(report_file, self._shelved(request), _wanted(request, "run"), _wanted(request, "name"))
        return _file(found)

    async def _output(self, request: Request) -> Response:
        text = await run_in_threadpool(printed_text, self._shelved(request), _wanted(request, "run"), _wanted(request, "item"))
        return PlainTextResponse(text)

    async def _news(self, request: Request) -> Response:
        return StreamingResponse(self.changes.news(), media_type="text/event-stream")

    # ---- refusals ----------------------------------------------------------------------------------------------------------

    def _shelved(self, request: Request) -> Shelved:
        key = request.path_params["key"]
        if (found := self.shelf.get(key)) is None:
            raise DefinitionError(f"no workflow file is called {key!r} here")
        return found

    async def _not_found(self, request: Request, error: Exception) -> Response:
        return self._refused(404, "Not found", str(error))

    async def _no_page(self, request: Request, error: Exception) -> Response:
        return self._refused(404, "Not found", f"there is no page {request.url.path!r}")

    async def _out_of_reach(self, request: Request, error: Exception) -> Response:
        logger.warning("%s cannot be shown: %s", request.url.path, error)
        return self._refused(503, "Out of reach", str(error))

    def _refused(self, code: int, title: str, sentence: str) -> Response:
        text = self._paper.draw("refused.html", title=title, sentence=sentence)
        return Response(text, code, media_type="text/html; charset=utf-8")


def _wanted(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise DefinitionError(f"the address lacks {name!r}")
    return value


def _file(found: FoundFile) -> Response:
    response = FileResponse(found.path, media_type=found.media_type, content_disposition_type="inline")
    return response if found.media_type == "application/pdf" else _foreign(response)


def _foreign(response: Response) -> Response:
    """Show what notebooks have made without what it might do."""
    response.headers["content-security-policy"] = POLICY_OF_NOTEBOOKS
    return response
