"""All requests that the server answers; the routes and the OpenAPI document are made from this list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from murakkab.server.api import Api
from murakkab.server.files import DOWNLOADS, HLS_TYPES
from murakkab.server.shapes import (
    FileName,
    Form,
    Named,
    NewRun,
    Playback,
    RunFacts,
    RunId,
    RunList,
    Sequence,
    Started,
    WorkflowList,
)

Handler = Callable[[Api, Request], Awaitable[Response]]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a request.

    Attributes:
        name: of the parameter.
        place: where it stands.
        type: annotated type of its value.
        description: one sentence.
        required: whether it must be given.
    """

    name: str
    place: Literal["path", "query", "header"]
    type: Any
    description: str
    required: bool = False


@dataclass(frozen=True)
class Answer:
    """An answer to a request that was not refused.

    Attributes:
        description: one sentence.
        content: media type -> type of the body; None for one that is not JSON.
    """

    description: str
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Endpoint:
    """A request that the server answers.

    Attributes:
        method: of HTTP.
        path: with its parameters in braces.
        handler: method of ``Api`` that answers; the first line of its docstring says what it does.
        answers: by status.
        refusals: statuses with a ``Fault`` as the body, beside those that any request can get.
        parameters: those of the path included.
        body: media type -> type of the body.
    """

    method: Literal["GET", "POST"]
    path: str
    handler: Handler
    answers: Mapping[int, Answer]
    refusals: tuple[int, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)


JSON, FORM, EVENTS = "application/json", "multipart/form-data", "text/event-stream"

_RUN = Parameter("run", "path", RunId, "Id of a run.", required=True)
_NAME = Parameter("file", "path", FileName, "Name of a file.", required=True)
_KEPT = Parameter("file", "path", Literal[tuple(DOWNLOADS)], "Which file.", required=True)
_NUMBER = Parameter("number", "path", Annotated[int, Meta(ge=0)], "Which of the files, from 0 on.", required=True)
_SAVE = Parameter("download", "query", str, "Save the file instead of showing it.")
_LAST = Parameter("Last-Event-ID", "header", Sequence, "Go on behind the event of this `seq`.")
_AFTER = Parameter("after", "query", Sequence, "The same, for those who cannot send the header.")
_SEGMENT = Parameter("_HLS_msn", "query", Sequence, "Answer as soon as the playlist has this segment (RFC 8216bis).")
_RANGE = Parameter("Range", "header", str, "Part of the file, for example `bytes=0-1023`.")

_FILE = {200: Answer("the file", {"*/*": None}), 206: Answer("the part that was asked for", {"*/*": None})}
_STREAM = dict.fromkeys(HLS_TYPES.values())
_MEDIA = {200: Answer("the file", _STREAM), 206: Answer("the part that was asked for", _STREAM)}

ENDPOINTS = (
    Endpoint("GET", "/api/workflows", Api.workflows, {200: Answer("the workflows", {JSON: WorkflowList})}),
    Endpoint("GET", "/api/runs", Api.runs, {200: Answer("the runs", {JSON: RunList})}),
    Endpoint(
        "POST",
        "/api/runs",
        Api.submit,
        {201: Answer("the run has begun", {JSON: Started})},
        (400, 404, 413, 415, 429),
        body={JSON: NewRun, FORM: Form},
    ),
    Endpoint("GET", "/api/runs/{run}", Api.run, {200: Answer("the run", {JSON: RunFacts})}, (404,), (_RUN,)),
    Endpoint(
        "POST",
        "/api/runs/{run}/cancel",
        Api.cancel,
        {200: Answer("the run is not being made any more", {JSON: Named})},
        (404,),
        (_RUN,),
    ),
    Endpoint(
        "POST",
        "/api/runs/{run}/resume",
        Api.resume,
        {200: Answer("the run goes on", {JSON: Started})},
        (400, 404, 409, 429),
        (_RUN,),
    ),
    Endpoint(
        "POST",
        "/api/runs/{run}/playback",
        Api.playback,
        {204: Answer("taken")},
        (400, 404, 413),
        (_RUN,),
        {JSON: Playback},
    ),
    Endpoint(
        "GET",
        "/api/runs/{run}/events",
        Api.events,
        {200: Answer("server-sent events; `id` is the `seq` of the event, `data` the event", {EVENTS: None})},
        (400, 404),
        (_RUN, _LAST, _AFTER),
    ),
    Endpoint("GET", "/runs/{run}/hls/{file}", Api.hls, _MEDIA, (400, 404, 416, 503), (_RUN, _NAME, _SEGMENT, _RANGE)),
    Endpoint("GET", "/runs/{run}/{file}", Api.download, _FILE, (400, 404, 416), (_RUN, _KEPT, _SAVE, _RANGE)),
    Endpoint(
        "GET",
        "/runs/{run}/outputs/{number}/{file}",
        Api.output,
        _FILE,
        (400, 404, 416),
        (_RUN, _NUMBER, _NAME, _SAVE, _RANGE),
    ),
)
