"""What requests and answers hold. The server reads and writes these, and the OpenAPI document is made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from murakkab.engine import RunRecord
from murakkab.engine.figures import PlayerReport

SEED_LIMIT = 10**18

Seed = Annotated[int, Meta(gt=-SEED_LIMIT, lt=SEED_LIMIT)]
RunId = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9-]{0,79}$", description="Id of a run.")]
FileName = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=255, description="Name of a file.")]
Sequence = Annotated[int, Meta(ge=0, lt=SEED_LIMIT)]


class Fault(msgspec.Struct):
    """Why a request was refused. ``inputs`` says it of each unfit input."""

    error: str
    fix: str
    inputs: dict[str, str] | UnsetType = UNSET
    exit_code: int | UnsetType = UNSET


class InputInfo(msgspec.Struct, forbid_unknown_fields=True):
    """An input of a workflow. ``required``: a run must give it; ``optional``: it may be left out without a default."""

    type: Literal["text", "number", "integer", "boolean", "choice", "document"]
    description: str
    required: bool
    optional: bool
    default: str | int | float | bool | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    unit: str = ""
    choices: list[str] = []


class WorkflowInfo(msgspec.Struct):
    """A workflow that can be run. ``stream``: whether it plays while it is made."""

    name: str
    description: str
    inputs: dict[str, InputInfo]
    outputs: list[str]
    stream: bool


class WorkflowList(msgspec.Struct):
    """What can be run, files that cannot (name -> what is wrong), and the bytes that a submission may have."""

    workflows: list[WorkflowInfo]
    broken: dict[str, str]
    upload_limit: int


class RunList(msgspec.Struct):
    """All runs, the newest first."""

    runs: list[RunRecord]


class RunFacts(RunRecord, kw_only=True):
    """A run: its record, the files it has left so far, its outputs, and whether it shows something while it is made."""

    files: list[str]
    outputs: dict[str, Any]
    stream: bool


class NewRun(msgspec.Struct, forbid_unknown_fields=True):
    """A request for a run. Documents are uploaded and never named here; ``seed`` is a fresh one by default."""

    workflow: str
    inputs: dict[str, Any] = {}
    seed: Seed | None = None


class NewRunForm(msgspec.Struct):
    """The same as a form. ``inputs`` is a JSON object; one file for each document, under the name of its input."""

    workflow: str
    inputs: Annotated[str, Meta(extra_json_schema={"contentMediaType": "application/json"})] = "{}"
    seed: Annotated[str, Meta(pattern="^(-?[0-9]{1,18})?$")] | UnsetType = UNSET


_FILES = {"unevaluatedProperties": {"type": "string", "contentMediaType": "application/octet-stream"}}

Form = Annotated[NewRunForm, Meta(extra_json_schema=_FILES)]


class Started(msgspec.Struct):
    """A run that goes on; ``url`` is the path of its page."""

    run: str
    url: str


class Named(msgspec.Struct):
    """A run."""

    run: str


class Playback(PlayerReport, kw_only=True, frozen=True):
    """What a player says of itself (seconds; first moments counted from the request).

    ``viewer`` tells players of one run apart. The run follows the one that is furthest ahead, at the highest ``rate``
    (seconds of the show played in a second) of those that play; the figures are those of the first one.
    """

    viewer: Annotated[str, Meta(max_length=64)] = ""
    muted: bool = False
