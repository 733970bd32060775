"""What a person submits: JSON, or a multipart form with files."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message

from murakkab.server.errors import Refusal

UPLOAD_LIMIT = 500 * 10**6
"""Bytes of one submission, files included; some minutes of video fit."""

JSON_LIMIT = 256 * 2**10
"""Bytes of a JSON body."""


@dataclass
class Submission:
    """A request for a run, not yet checked against its workflow."""

    workflow: str
    inputs: dict[str, Any]
    seed: int | None = None
    files: dict[str, UploadFile] = field(default_factory=dict)

    async def close(self) -> None:
        """Let go of the uploaded files."""
        for upload in self.files.values():
            await upload.close()


def limited(request: Request, limit: int) -> Request:
    """The request with a body that fails with 413 as soon as it passes ``limit`` bytes."""
    too_large = Refusal(413, f"the request is larger than {limit / 1e6:.1f} MB", "send a smaller file")
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > limit:
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


async def read_json(request: Request, limit: int = JSON_LIMIT) -> dict[str, Any]:
    """The JSON object in the request's body."""
    return _json_object(await limited(request, limit).body())


async def read_submission(request: Request, limit: int = UPLOAD_LIMIT) -> Submission:
    """Read the body of ``POST /api/runs``: JSON, or multipart with the fields workflow, inputs (JSON), seed and files.

    Raises:
        Refusal: it is too large, or not of that form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return _submission(await read_json(request), {})
    if kind == "multipart/form-data":
        form = await limited(request, limit).form(max_files=8, max_fields=8)
        files = {name: value for name, value in form.items() if isinstance(value, UploadFile) and value.filename}
        fields: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
        fields["inputs"] = _json_object(fields.get("inputs") or "{}")
        return _submission(fields, files)
    raise Refusal(415, f"cannot read a body of type '{kind}'", "send application/json or multipart/form-data")


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


def _submission(fields: dict[str, Any], files: dict[str, UploadFile]) -> Submission:
    workflow, inputs, seed = fields.get("workflow", "podcast"), fields.get("inputs", {}), fields.get("seed")
    if not isinstance(workflow, str) or not isinstance(inputs, dict):
        raise Refusal(400, "'workflow' must be a text and 'inputs' an object", 'for example {"workflow": "podcast"}')
    if seed is not None and not re.fullmatch(r"-?\d{1,18}", str(seed)):
        raise Refusal(400, "'seed' must be a whole number", "leave it out for a random one")
    return Submission(workflow, inputs, None if seed is None else int(seed), files)


def _json_object(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise Refusal(400, "the body is not JSON", "send one JSON object") from None
    if not isinstance(value, dict):
        raise Refusal(400, "the body is not a JSON object", "send one JSON object")
    return value
