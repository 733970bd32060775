"""HLS playlists that grow while they are served."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

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
BLOCKING = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES"


class Playlists:
    """Serves playlists, blocking as HTTP Live Streaming 2nd edition, 6.2.5.2 describes (``_HLS_msn``).

    A playlist that players wait for is looked at once, however many they are.

    Args:
        engine: makes the runs.
        quit_on: once set, held requests end.
    """

    def __init__(self, engine: EngineDoor, quit_on: asyncio.Event) -> None:
        self._engine = engine
        self._quit_on = quit_on
        self._looking: dict[Path, asyncio.Task[str]] = {}

    async def answer(self, request: Request, run: str, path: Path) -> Response:
        """Answer with the playlist of a run once it has the segment that was asked for, or 20 s have passed."""
        wanted = request.query_params.get("_HLS_msn", "0")
        segments = whole_number(wanted, "the number of a segment", "send _HLS_msn as a whole number") + 1
        text = await self._held(run, path, segments)
        running = self._is_running(run)
        if not is_ready(text, 1):
            raise Refusal(503 if running else 404, "nothing of this run can be played", "ask again while it is made")
        told = with_blocking_reload(text) if running else with_end(text)
        told = with_token(told, request.query_params.get(QUERY, ""))
        return Response(told, media_type=PLAYLIST, headers={"cache-control": "no-store"})

    async def _held(self, run: str, path: Path, segments: int) -> str:
        now = asyncio.get_running_loop().time
        until, text = now() + HOLD_S, _read(path)
        while not (is_ready(text, segments) or self._quit_on.is_set() or now() >= until) and self._is_running(run):
            text = await self._changed(path)
        return text

    async def _changed(self, path: Path) -> str:
        """The playlist when it has changed, at the latest after ``CHECK_S``."""
        looking = self._looking.get(path)
        if looking is None:
            looking = self._looking[path] = asyncio.create_task(_look(path))
            looking.add_done_callback(lambda _: self._looking.pop(path, None))
        return await asyncio.shield(looking)

    def _is_running(self, run: str) -> bool:
        return bool(self._engine.store.record(run).status == "running")


async def _look(path: Path) -> str:
    before = text = _read(path)
    for _ in range(round(CHECK_S / POLL_S)):
        await asyncio.sleep(POLL_S)
        text = _read(path)
        if text != before:
            break
    return text


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
