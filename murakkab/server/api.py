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
from starlette.responses import Response

from murakkab.server import files, results
from murakkab.server.door import EngineDoor
from murakkab.server.errors import Refusal
from murakkab.server.events import event_response, last_seen
from murakkab.server.intake import Intake, Limits
from murakkab.server.playlists import Playlists
from murakkab.server.shapes import Named, Playback, RunFacts, RunList, Started, WorkflowList
from murakkab.server.uploads import Submission, read_json, read_submission, save_uploads
from murakkab.server.viewers import Viewers
from murakkab.server.workflows import Shelf, describe, document_inputs


class Api:
    """The handlers, bound to one engine.

    Args:
        engine: does the runs.
        quit_on: once set, held requests and event streams end so that the server can stop.
        shelf: the workflows that are offered.
        limits: how much is taken at once.
    """

    def __init__(self, engine: EngineDoor, quit_on: asyncio.Event, shelf: Shelf, limits: Limits) -> None:
        self.engine = engine
        self.quit_on = quit_on
        self.shelf = shelf
        self.intake = Intake(engine, limits)
        self.viewers = Viewers()
        self.playlists = Playlists(engine, quit_on)

    async def workflows(self, _request: Request) -> Response:
        """What can be run, files that cannot, and the limit of an upload in bytes."""
        found = await run_in_threadpool(self.shelf.workflows)
        broken = await run_in_threadpool(self.shelf.broken)
        limit = self.intake.limits.upload_bytes
        return _json(WorkflowList([describe(workflow) for workflow in found.values()], broken, limit))

    async def runs(self, _request: Request) -> Response:
        """All runs, the newest first."""
        return _json(RunList(list(await run_in_threadpool(self.engine.store.list))))

    async def run(self, request: Request) -> Response:
        """One run, what it has left so far, and whether it shows something meanwhile."""
        run = request.path_params["run"]
        folder = files.run_folder(self.engine, run)
        facts = RunFacts(
            **msgspec.structs.asdict(self.engine.store.record(run)),
            files=[name for name in files.DOWNLOADS if (folder / name).is_file()],
            outputs=await run_in_threadpool(results.outputs_of, folder),
            stream=await run_in_threadpool(results.has_stream, folder),
        )
        return _json(facts)

    async def submit(self, request: Request) -> Response:
        """Start a run."""
        requested_at = time.time()
        with self.intake.place(), self.intake.upload(request):
            submission = await read_submission(request, self.intake.limits.upload_bytes)
            try:
                run = await self._start(submission, requested_at)
            finally:
                await submission.close()
            self.intake.begun(run)
        return _json(_started(run), 201)

    async def _start(self, submission: Submission, requested_at: float) -> str:
        workflow = await run_in_threadpool(self.shelf.workflow, submission.workflow)
        documents = document_inputs(workflow)
        _check_files(submission, documents)
        inputs = {k: v for k, v in submission.inputs.items() if k not in documents}
        with tempfile.TemporaryDirectory(prefix="murakkab-") as folder:  # the engine takes files in when a run begins
            inputs |= await run_in_threadpool(save_uploads, submission.files, Path(folder))
            return await self.engine.submit(workflow, inputs, seed=submission.seed, requested_at=requested_at)

    async def cancel(self, request: Request) -> Response:
        """Stop a run; what was finished stays. Nothing happens to one that is not being made."""
        run = self._known(request)
        await self.engine.cancel(run)
        return _json(Named(run))

    async def resume(self, request: Request) -> Response:
        """Go on with a run that was interrupted, cancelled or failed."""
        run = self._known(request)
        status = self.engine.store.record(run).status
        if status in ("running", "succeeded"):
            raise Refusal(409, f"the run '{run}' is {status}", "only a run that stopped before its end can go on")
        with self.intake.place():
            self.intake.begun(await self.engine.resume(run))
        return _json(_started(run))

    async def playback(self, request: Request) -> Response:
        """Take what a player measured."""
        run = self._known(request)
        report = await read_json(request, Playback)
        await self.engine.playback(run, self.viewers.told(run, report, time.monotonic()))
        return Response(status_code=204)

    async def events(self, request: Request) -> Response:
        """What happened in a run and what happens next, as server-sent events."""
        run, after = self._known(request), last_seen(request)
        return event_response(self.engine, run, after, self.quit_on, headers_only=request.method == "HEAD")

    async def hls(self, request: Request) -> Response:
        """A playlist, held until there is something to play, a segment or captions."""
        return await files.hls_file(self.engine, self.playlists, request)

    async def download(self, request: Request) -> Response:
        """One of the files that a run leaves; see `files` of the run."""
        return files.download(self.engine, request)

    async def output(self, request: Request) -> Response:
        """A file among the outputs of a run, as its `url` names it."""
        folder = files.run_folder(self.engine, request.path_params["run"])
        number, name = request.path_params["number"], request.path_params["file"]
        files.check_range(request)
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


def _started(run: str) -> Started:
    return Started(run, f"/runs/{run}")


def _json(content: Any, status: int = 200) -> Response:  # noqa: ANN401 - one of the shapes
    body = msgspec.json.encode(content)
    return Response(body, status, {"cache-control": "no-store"}, "application/json")
