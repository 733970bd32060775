"""What a run has left, as the page shows it: its outputs with the files among them as links."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response

from murakkab.engine.feed import FINISHED, read_events
from murakkab.engine.journal import read_journal
from murakkab.outputs import told_outputs
from murakkab.server.errors import Refusal

SHOWN = ("image/png", "image/jpeg", "image/webp", "video/mp4", "text/plain", "text/vtt", "application/json")
"""Types that a browser may show (all audio besides); files of others are saved."""

POLICY = "default-src 'none'; media-src 'self'; sandbox"
"""What a file that a workflow made may do in a browser."""


def outputs_of(folder: Path) -> dict[str, Any]:
    """The outputs of a finished run; each file in them is ``{"file": name, "url", "type", "bytes"}``."""
    numbers = {path: number for number, path in enumerate(output_files(folder))}
    return {name: _linked(value, folder, numbers) for name, value in _told(folder).items()}


def output_files(folder: Path) -> list[Path]:
    """The files among the outputs of a run, in their order; only those inside its folder."""
    return list(dict.fromkeys(_files(_told(folder), folder.resolve())))


def output_file(folder: Path, number: str, name: str, *, save: bool) -> Response:
    """Answer with one of the files among the outputs of a run."""
    files = {str(place): path for place, path in enumerate(output_files(folder))}
    file = files.get(number)
    if file is None or file_name(file) != name or not file.is_file():
        raise Refusal(404, f"the run has left no file '{name}'", "see the outputs of the run")
    kind = _type(file)
    headers = {"cache-control": "private, max-age=3600", "content-security-policy": POLICY}
    if save or not (kind in SHOWN or kind.startswith("audio/")):
        headers["content-disposition"] = f'attachment; filename="{name}"'
    return FileResponse(file, media_type=kind, headers=headers)


def has_stream(folder: Path) -> bool:
    """Whether a run shows something while it is made."""
    try:
        first = next(iter(read_journal(folder / "journal.jsonl")), None)
    except (OSError, ValueError):
        return False
    graph = getattr(first.event if first else None, "graph", None)
    return graph is not None and graph.publish is not None


def file_name(path: Path) -> str:
    """How a file is called outside: stored files are named by their content, of which a little is enough."""
    return f"{path.stem[:12]}{path.suffix}" if len(path.stem) == 64 else path.name


def _told(folder: Path) -> dict[str, Any]:
    events = read_events(folder / "events.jsonl")
    return told_outputs(events[-1]) if events and events[-1]["event"] == FINISHED else {}


def _files(value: Any, root: Path) -> Iterator[Path]:  # noqa: ANN401 - JSON of any shape
    match value:
        case str() if (path := _inside(value, root)) is not None:
            yield path
        case dict():
            for inner in value.values():
                yield from _files(inner, root)
        case list():
            for inner in value:
                yield from _files(inner, root)


def _inside(text: str, root: Path) -> Path | None:
    """The file that a text names, if it is one inside ``root``."""
    if not text.startswith(f"{root}/") or len(text) > 4096 or "\0" in text:
        return None
    path = Path(text).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


def _linked(value: Any, folder: Path, numbers: dict[Path, int]) -> Any:  # noqa: ANN401 - JSON of any shape
    match value:
        case str():
            path = _inside(value, folder.resolve())
            return value if path is None else _link(path, folder.name, numbers[path])
        case dict():
            return {name: _linked(inner, folder, numbers) for name, inner in value.items()}
        case list():
            return [_linked(inner, folder, numbers) for inner in value]
    return value


def _link(path: Path, run: str, number: int) -> dict[str, Any]:
    name = file_name(path)
    url = f"/runs/{run}/outputs/{number}/{name}"
    return {"file": name, "url": url, "type": _type(path), "bytes": path.stat().st_size}


def _type(path: Path) -> str:
    known = {".wav": "audio/wav", ".vtt": "text/vtt", ".md": "text/plain", ".srt": "text/plain", ".py": "text/plain"}
    return known.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
