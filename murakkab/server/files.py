"""The files of a run: HLS playlists and segments, the finished episode, captions, transcript and report."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from murakkab.engine import UserError
from murakkab.server.door import EngineDoor
from murakkab.server.errors import Refusal
from murakkab.server.numbers import whole_number
from murakkab.server.security import QUERY

HOLD_S = 20.0
"""How long a request for a playlist that is not there yet is held; a player starts the moment it appears."""
POLL_S = 0.01
CHECK_S = 0.25
"""How often it is asked meanwhile whether the run still goes on."""

PLAYLIST = "application/vnd.apple.mpegurl"
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
BLOCKING = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES"


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


async def hls_file(engine: EngineDoor, request: Request, quit_on: asyncio.Event) -> Response:
    """A playlist (held until it can be played) or a segment."""
    name = request.path_params["file"]
    path = confined(run_folder(engine, request.path_params["run"]) / "hls", name)
    media_type = HLS_TYPES.get(path.suffix)
    if media_type is None:
        raise Refusal(404, f"no file is called '{name}'")
    if media_type == PLAYLIST:
        return await _playlist(engine, request, path, quit_on)
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


async def _playlist(engine: EngineDoor, request: Request, path: Path, quit_on: asyncio.Event) -> Response:
    """Serve a playlist, blocking as HTTP Live Streaming 2nd edition, 6.2.5.2 describes (``_HLS_msn``)."""
    wanted = request.query_params.get("_HLS_msn", "0")
    wanted_segments = whole_number(wanted, "the number of a segment", "send _HLS_msn as a whole number") + 1
    run = request.path_params["run"]
    text = _read(path)
    for _ in range(round(HOLD_S / CHECK_S)):
        if is_ready(text, wanted_segments) or quit_on.is_set() or not _is_running(engine, run):
            break
        text = await _poll(path, wanted_segments)
    running = _is_running(engine, run)
    if not is_ready(text, 1):
        raise Refusal(503 if running else 404, "nothing of this run can be played", "ask again while it is being made")
    told = with_blocking_reload(text) if running else with_end(text)
    told = with_token(told, request.query_params.get(QUERY, ""))
    return Response(told, media_type=PLAYLIST, headers={"cache-control": "no-store"})


def with_end(text: str) -> str:
    """A media playlist that says that no segment follows, also where its run was stopped."""
    if "#EXT-X-TARGETDURATION" not in text or "#EXT-X-ENDLIST" in text:
        return text
    return f"{text}#EXT-X-ENDLIST\n"


def with_token(text: str, token: str) -> str:
    """A playlist whose addresses carry the token that it was asked for with: players that keep no cookie need it."""
    if not token:
        return text
    query = f"?{QUERY}={quote(token, safe='')}"
    text = re.sub(r'(URI="[^"]+)"', lambda found: f'{found[1]}{query}"', text)
    return re.sub(r"^(?!#)(\S+)$", lambda found: found[1] + query, text, flags=re.MULTILINE)


async def _poll(path: Path, wanted_segments: int) -> str:
    """Read the playlist again and again until it is ready or ``CHECK_S`` have passed."""
    text = _read(path)
    for _ in range(round(CHECK_S / POLL_S)):
        if is_ready(text, wanted_segments):
            break
        await asyncio.sleep(POLL_S)
        text = _read(path)
    return text


def is_ready(text: str, wanted_segments: int) -> bool:
    """Whether a playlist is a master, is complete or has that many segments."""
    if "#EXT-X-STREAM-INF" in text or "#EXT-X-ENDLIST" in text:
        return True
    return text.count("#EXTINF") >= wanted_segments


def with_blocking_reload(text: str) -> str:
    """A growing media playlist with the promise that the server holds a reload until there is a new segment."""
    if "#EXT-X-TARGETDURATION" not in text or "#EXT-X-ENDLIST" in text or BLOCKING in text:
        return text
    return text.replace("#EXT-X-TARGETDURATION", f"{BLOCKING}\n#EXT-X-TARGETDURATION", 1)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _is_running(engine: EngineDoor, run: str) -> bool:
    return bool(engine.store.record(run).status == "running")
