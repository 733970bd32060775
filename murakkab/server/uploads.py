"""What a person submits: JSON, or a multipart form with files."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.types import Message

from murakkab.server.errors import Refusal
from murakkab.server.shapes import NewRun

UPLOAD_LIMIT = 500 * 10**6
"""Bytes of one submission, files included; some minutes of video fit."""

JSON, FORM = "application/json", "multipart/form-data"

JSON_LIMIT = 256 * 2**10
"""Bytes of a JSON body."""


T = TypeVar("T")


@dataclass
class Submission:
    """A request for a run, not yet checked against its workflow."""

    workflow: str
    inputs: dict[str, Any]
    seed: int | None = None
    files: dict[str, UploadFile] = field(default_factory=dict)
    form: FormData | None = None

    async def close(self) -> None:
        """Let go of the uploaded files."""
        if self.form is not None:
            await self.form.close()


def limited(request: Request, limit: int) -> Request:
    """The request with a body that fails with 413 as soon as it passes ``limit`` bytes."""
    too_large = Refusal(413, f"the request is larger than {limit / 1e6:.1f} MB", "send a smaller file")
    declared = request.headers.get("content-length", "0")
    if not re.fullmatch("[0-9]+", declared):
        raise Refusal(400, "the header Content-Length is no number", "leave it to your HTTP client")
    if len(declared.lstrip("0")) > len(str(limit)) or int(declared[-18:]) > limit:
        raise too_large
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise too_large
        return message

    return Request(request.scope, receive)


async def read_json(request: Request, shape: type[T], limit: int = JSON_LIMIT) -> T:
    """The request's body, which must be JSON of a shape.

    Raises:
        Refusal: it is too large, or not of that shape.
    """
    return json_of(await limited(request, limit).body(), shape, "the body")


def json_of(text: str | bytes, shape: type[T], what: str) -> T:
    """JSON text as a value of a shape; a Refusal (400) says where ``what`` does not fit."""
    try:
        return msgspec.json.decode(text, type=shape)
    except msgspec.ValidationError as fault:
        raise Refusal(400, f"{what} does not fit: {fault}", "see /api/openapi.json for what is expected") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise Refusal(400, f"{what} is not JSON: {fault}", "send one JSON object") from None


def body_type(request: Request) -> str:
    """The media type of the body, in lower case; empty when none is told."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_submission(request: Request, limit: int = UPLOAD_LIMIT) -> Submission:
    """Read the body of ``POST /api/runs``: JSON, or multipart with the fields workflow, inputs (JSON), seed and files.

    Raises:
        Refusal: it is too large, or not of that form.
    """
    kind = body_type(request)
    if kind == JSON:
        asked = await read_json(request, NewRun)
        return Submission(asked.workflow, asked.inputs, asked.seed)
    if kind == FORM:
        form = await limited(request, limit).form(max_files=8, max_fields=8)
        try:
            return _submission(form)
        except Refusal:
            await form.close()
            raise
    raise Refusal(415, f"cannot read a body of type '{kind}'", f"send {JSON} or {FORM}")


def save_uploads(files: dict[str, UploadFile], folder: Path) -> dict[str, str]:
    """Copy the files into ``folder``, each under a safe name; returns input name -> path."""
    paths = {}
    for number, (name, upload) in enumerate(files.items()):
        target = folder / str(number) / safe_name(upload.filename or "")
        target.parent.mkdir(parents=True)
        with target.open("wb") as out:
            shutil.copyfileobj(upload.file, out)
        paths[name] = str(target)
    return paths


def safe_name(filename: str) -> str:
    """A file name of letters, digits, spaces and dashes that keeps the suffix: ``Annual report.pdf``."""
    plain = PurePosixPath(filename.replace("\\", "/")).name
    stem, dot, suffix = plain.rpartition(".")
    words = re.sub(r"[^\w -]+", "-", stem if dot else plain).strip("- ")[:60] or "file"
    return words + (f".{re.sub(r'[^A-Za-z0-9]', '', suffix)[:8].lower()}" if dot else "")


def _submission(form: FormData) -> Submission:
    files = {name: value for name, value in form.items() if isinstance(value, UploadFile) and value.filename}
    texts = {name: value for name, value in form.items() if isinstance(value, str)}
    inputs = json_of(texts.pop("inputs", "") or "{}", dict[str, Any], "'inputs'")
    seed = texts.pop("seed", "")
    if seed and not re.fullmatch(r"-?[0-9]{1,18}", seed):
        raise Refusal(400, "'seed' must be a whole number", "leave it out for a random one")
    try:
        asked = msgspec.convert({**texts, "inputs": inputs, "seed": int(seed) if seed else None}, NewRun)
    except msgspec.ValidationError as fault:
        raise Refusal(400, f"the form does not fit: {fault}", "send workflow, inputs (JSON), seed and files") from None
    return Submission(asked.workflow, asked.inputs, asked.seed, files, form)
