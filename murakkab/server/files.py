"""The files of a run: HLS playlists and segments, the finished episode, captions, transcript and report."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from murakkab.engine import UserError
from murakkab.server.door import EngineDoor
from murakkab.server.errors import Refusal
from murakkab.server.playlists import PLAYLIST, Playlists

HLS_TYPES = {".m3u8": PLAYLIST, ".m4s": "video/iso.segment", ".mp4": "video/mp4", ".vtt": "text/vtt"}
DOWNLOADS = {
    "episode.mp4": "video/mp4",
    "episode.mp3": "audio/mpeg",
    "captions.vtt": "text/vtt",
    "transcript.txt": "text/plain",
    "report.json": "application/json",
    "report.html": "text/html",
}
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; sandbox"
_RANGE = re.compile(r"bytes=(?:[ \t]*(?:[0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})[ \t]*(?:,|$)){1,100}")


def run_folder(engine: EngineDoor, run: str) -> Path:
    """The folder of a run; a Refusal (404) when the name is not that of a run."""
    try:
        if not re.fullmatch(r"[A-Za-z0-9][\w-]*", run):
            raise UserError("not the name of a run")
        return engine.store.folder(run).resolve()
    except UserError:
        raise Refusal(404, f"there is no run '{run}'", "see the list of runs at /api/runs") from None


def confined(folder: Path, name: str) -> Path:
    """The file ``name`` directly inside ``folder``, links followed; a Refusal (404) for anything else."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}", name) and (folder / name).resolve().parent == folder.resolve():
        return (folder / name).resolve()
    raise Refusal(404, f"no file is called '{name}'")


async def hls_file(engine: EngineDoor, playlists: Playlists, request: Request) -> Response:
    """A playlist (held until it can be played) or a segment."""
    name, run = request.path_params["file"], request.path_params["run"]
    path = confined(run_folder(engine, run) / "hls", name)
    media_type = HLS_TYPES.get(path.suffix)
    if media_type is None:
        raise Refusal(404, f"no file is called '{name}'")
    if media_type == PLAYLIST:
        return await playlists.answer(request, run, path)
    check_range(request)
    return _file(path, media_type, {"cache-control": "private, max-age=3600"})


def download(engine: EngineDoor, request: Request) -> Response:
    """One of the files that a finished run leaves; ``?download`` saves instead of showing it."""
    run, name = request.path_params["run"], request.path_params["file"]
    if name not in DOWNLOADS:
        raise Refusal(404, f"no file is called '{name}'", f"a run has: {', '.join(DOWNLOADS)}")
    check_range(request)
    headers = {"cache-control": "no-cache"}
    if "download" in request.query_params:
        headers["content-disposition"] = f'attachment; filename="{run}-{name}"'
    if name.endswith(".html"):
        headers["content-security-policy"] = REPORT_POLICY
    return _file(confined(run_folder(engine, run), name), DOWNLOADS[name], headers)


def check_range(request: Request) -> None:
    """Refuse a ``Range`` header that cannot be read (RFC 9110, 14.2)."""
    given = request.headers.get("range", "bytes=0-")
    bounds = [(int(first), int(last)) for first, last in re.findall(r"([0-9]{1,18})-([0-9]{1,18})", given)]
    if not _RANGE.fullmatch(given) or any(first > last for first, last in bounds):
        raise Refusal(400, "the header Range cannot be read", "send, for example, bytes=0-1023")


def _file(path: Path, media_type: str, headers: dict[str, str]) -> Response:
    if not path.is_file():
        raise Refusal(404, f"'{path.name}' is not there (yet)", "wait for the run to make it")
    return FileResponse(path, media_type=media_type, headers=headers, stat_result=path.stat())
