"""The REST handlers."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from murakkab.engine import RunRecord
from murakkab.server import files, results
from murakkab.server.door import EngineDoor
from murakkab.server.errors import Refusal
from murakkab.server.events import event_response, last_seen
from murakkab.server.uploads import UPLOAD_LIMIT, Submission, read_json, read_submission, save_uploads
from murakkab.server.workflows import Shelf, describe, document_inputs


class Api:
    """The handlers, bound to one engine.

    Args:
        engine: does the runs.
        quit_on: once set, held requests and event streams end so that the server can stop.
        shelf: the workflows that are offered.
        upload_limit: bytes of one submission, files included.
    """

    def __init__(
        self, engine: EngineDoor, quit_on: asyncio.Event, shelf: Shelf, upload_limit: int = UPLOAD_LIMIT
    ) -> None:
        self.engine = engine
        self.quit_on = quit_on
        self.shelf = shelf
        self.upload_limit = upload_limit

    async def workflows(self, _request: Request) -> Response:
        """``GET /api/workflows``: what can be run, files that cannot, and the limit of an upload in bytes."""
        found = await run_in_threadpool(self.shelf.workflows)
        broken = await run_in_threadpool(self.shelf.broken)
        told = [describe(workflow) for workflow in found.values()]
        return _json({"workflows": told, "broken": broken, "upload_limit": self.upload_limit})

    async def runs(self, _request: Request) -> Response:
        """``GET /api/runs``: all runs, the newest first."""
        records = await run_in_threadpool(self.engine.store.list)
        return _json({"runs": [_plain(record) for record in records]})

    async def run(self, request: Request) -> Response:
        """``GET /api/runs/{run}``: one run, what it has left so far, and whether it shows something meanwhile."""
        run = request.path_params["run"]
        folder = files.run_folder(self.engine, run)
        made = [name for name in files.DOWNLOADS if (folder / name).is_file()]
        outputs = await run_in_threadpool(results.outputs_of, folder)
        stream = await run_in_threadpool(results.has_stream, folder)
        return _json({**_plain(self.engine.store.record(run)), "files": made, "outputs": outputs, "stream": stream})

    async def submit(self, request: Request) -> Response:
        """``POST /api/runs``: start a run."""
        requested_at = time.time()
        submission = await read_submission(request, self.upload_limit)
        try:
            run = await self._start(submission, requested_at)
        finally:
            await submission.close()
        return _json({"run": run, "url": f"/runs/{run}"}, 201)

    async def _start(self, submission: Submission, requested_at: float) -> str:
        workflow = await run_in_threadpool(self.shelf.workflow, submission.workflow)
        documents = document_inputs(workflow)
        _check_files(submission, documents)
        inputs = {k: v for k, v in submission.inputs.items() if k not in documents}
        with tempfile.TemporaryDirectory(prefix="murakkab-") as folder:  # the engine takes files in when a run begins
            inputs |= await run_in_threadpool(save_uploads, submission.files, Path(folder))
            return await self.engine.submit(workflow, inputs, seed=submission.seed, requested_at=requested_at)

    async def cancel(self, request: Request) -> Response:
        """``POST /api/runs/{run}/cancel``."""
        run = self._known(request)
        await self.engine.cancel(run)
        return _json({"run": run})

    async def playback(self, request: Request) -> Response:
        """``POST /api/runs/{run}/playback``: what the player measured."""
        run = self._known(request)
        await self.engine.playback(run, await read_json(request))
        return Response(status_code=204)

    async def events(self, request: Request) -> Response:
        """``GET /api/runs/{run}/events``: server-sent events."""
        return event_response(self.engine, self._known(request), last_seen(request), self.quit_on)

    async def hls(self, request: Request) -> Response:
        """``GET /runs/{run}/hls/{file}``."""
        return await files.hls_file(self.engine, request, self.quit_on)

    async def download(self, request: Request) -> Response:
        """``GET /runs/{run}/{file}``."""
        return files.download(self.engine, request)

    async def output(self, request: Request) -> Response:
        """``GET /runs/{run}/outputs/{number}/{file}``: a file among the outputs; ``?download`` saves it."""
        folder = files.run_folder(self.engine, request.path_params["run"])
        number, name = request.path_params["number"], request.path_params["file"]
        save = "download" in request.query_params
        return await run_in_threadpool(results.output_file, folder, number, name, save=save)

    def _known(self, request: Request) -> str:
        files.run_folder(self.engine, request.path_params["run"])
        return str(request.path_params["run"])


def _check_files(submission: Submission, documents: set[str]) -> None:
    for name in submission.files:
        if name not in documents:
            expected = ", ".join(sorted(documents)) or "no file at all"
            raise Refusal(400, f"the workflow takes no file called '{name}'", f"it takes: {expected}")
    for name in documents & submission.inputs.keys():
        if submission.inputs[name] is not None:
            raise Refusal(400, f"'{name}' is a file and cannot be given by path", "send it as multipart/form-data")


def _plain(record: RunRecord) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(record)
    return plain


def _json(content: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(content, status, headers={"cache-control": "no-store"})
