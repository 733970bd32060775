"""The Starlette application."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from murakkab.server.api import Api
from murakkab.server.door import EngineDoor
from murakkab.server.errors import HANDLERS, Refusal
from murakkab.server.files import run_folder
from murakkab.server.security import Guard
from murakkab.server.uploads import UPLOAD_LIMIT
from murakkab.server.workflows import Shelf

STATIC = Path(__file__).parent / "static"
REVALIDATE = {"cache-control": "no-cache"}


class Static(StaticFiles):
    """The page's own files; the browser asks each time whether they changed."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """Answer with the file."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(REVALIDATE)
        return response


def create_app(
    engine: EngineDoor,
    *,
    quit_on: asyncio.Event | None = None,
    allowed_hosts: Collection[str] = (),
    workflows: Path | None = None,
    upload_limit: int = UPLOAD_LIMIT,
) -> Starlette:
    """Build the web application around an engine.

    Args:
        engine: does the runs; it must be started.
        quit_on: once set, held requests and event streams end so that the server can stop.
        allowed_hosts: names, beside ``localhost`` and addresses, under which the server may be reached.
        workflows: folder of workflows that are offered beside the shipped ones.
        upload_limit: bytes of one submission, files included.
    """
    api = Api(engine, quit_on or asyncio.Event(), Shelf(workflows), upload_limit)

    async def start_page(_request: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers=REVALIDATE)

    async def run_page(request: Request) -> Response:
        response = await start_page(request)
        try:
            run_folder(engine, request.path_params["run"])
        except Refusal as refusal:  # the page asks for the run and shows what is wrong
            response.status_code = refusal.status_code
        return response

    routes = [
        Route("/", start_page),
        Route("/runs/{run}", run_page),
        Route("/api/workflows", api.workflows),
        Route("/api/runs", api.runs),
        Route("/api/runs", api.submit, methods=["POST"]),
        Route("/api/runs/{run}", api.run),
        Route("/api/runs/{run}/cancel", api.cancel, methods=["POST"]),
        Route("/api/runs/{run}/playback", api.playback, methods=["POST"]),
        Route("/api/runs/{run}/events", api.events),
        Route("/runs/{run}/hls/{file}", api.hls),
        Route("/runs/{run}/outputs/{number:int}/{file}", api.output),
        Route("/runs/{run}/{file}", api.download),
        Mount("/static", Static(directory=STATIC)),
    ]
    guard = Middleware(Guard, allowed_hosts=allowed_hosts)
    app = Starlette(routes=routes, middleware=[guard], exception_handlers=dict(HANDLERS))
    app.router.redirect_slashes = False
    return app
