"""The Starlette application."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from murakkab.server.api import Api
from murakkab.server.door import EngineDoor
from murakkab.server.endpoints import ENDPOINTS, Handler
from murakkab.server.errors import HANDLERS, Refusal
from murakkab.server.files import run_folder
from murakkab.server.intake import Limits
from murakkab.server.openapi import document
from murakkab.server.security import Guard
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
    limits: Limits | None = None,
    token: str = "",
    more: Sequence[BaseRoute] = (),
) -> Starlette:
    """Build the web application around an engine.

    Args:
        engine: does the runs; it must be started.
        quit_on: once set, held requests and event streams end so that the server can stop.
        allowed_hosts: names, beside ``localhost`` and addresses, under which the server may be reached.
        workflows: folder of workflows that are offered beside the shipped ones.
        limits: how much is taken at once.
        token: that every request must bring; none is asked for when it is empty.
        more: routes beside those of the page and the API; they come first.
    """
    api = Api(engine, quit_on or asyncio.Event(), Shelf(workflows), limits or Limits())
    routes = [
        *more,
        Route("/", _start_page),
        Route("/runs/{run}", partial(_run_page, engine)),
        Route("/api/openapi.json", partial(_described, bool(token))),
        *_api_routes(api),
        Mount("/static", Static(directory=STATIC)),
    ]
    guard = Middleware(Guard, allowed_hosts=allowed_hosts, token=token)
    app = Starlette(routes=routes, middleware=[guard], exception_handlers=dict(HANDLERS))
    app.router.redirect_slashes = False
    return app


def _api_routes(api: Api) -> list[Route]:
    """One route a path, so that a method which it does not take is answered with those that it takes."""
    by_path: dict[str, dict[str, Handler]] = {}
    for endpoint in ENDPOINTS:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint.handler
    return [Route(path, partial(_answer, api, found), methods=list(found)) for path, found in by_path.items()]


async def _answer(api: Api, handlers: dict[str, Handler], request: Request) -> Response:
    method = "GET" if request.method == "HEAD" else request.method
    return await handlers[method](api, request)


async def _start_page(_request: Request) -> Response:
    return FileResponse(STATIC / "index.html", headers=REVALIDATE)


async def _run_page(engine: EngineDoor, request: Request) -> Response:
    response = await _start_page(request)
    try:
        run_folder(engine, request.path_params["run"])
    except Refusal as refusal:  # the page asks for the run and shows what is wrong
        response.status_code = refusal.status_code
    return response


async def _described(asks_for_token: bool, _request: Request) -> Response:
    return JSONResponse(document(asks_for_token=asks_for_token), headers=REVALIDATE)
