"""Live events of a run as a server-sent event stream that resumes where it broke off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from murakkab.server.door import EngineDoor, Event
from murakkab.server.numbers import whole_number

EVENT_STREAM = "text/event-stream"

KEEP_ALIVE_S = 15.0
RETRY_MS, ENDED_RETRY_MS = 500, 3_600_000
"""When a client whose connection ended asks again: at once, and (nearly) never when the run has ended."""


def last_seen(request: Request) -> int:
    """The number of the last event the client has: ``Last-Event-ID``, else ``?after=``, else 0."""
    given = (request.headers.get("last-event-id"), request.query_params.get("after"))
    fix = "send the 'seq' of the last event you have"
    numbers = [whole_number(text, "the number of an event", fix) for text in given if text]
    return numbers[0] if numbers else 0


def event_response(
    engine: EngineDoor, run: str, after: int, quit_on: asyncio.Event, *, headers_only: bool = False
) -> Response:
    """All events of ``run`` after number ``after``, then live ones, until the run or the server ends.

    An event is taken from the engine when the one before it was sent, so a reader that is slow, or gone, holds up
    neither the run nor other readers, and its events lie nowhere but in the run.
    """
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    if headers_only:
        return Response(headers=headers, media_type=EVENT_STREAM)
    retry_ms = RETRY_MS if engine.store.record(run).status == "running" else ENDED_RETRY_MS
    frames = _frames(engine.events(run, after), retry_ms, quit_on)
    return StreamingResponse(frames, media_type=EVENT_STREAM, headers=headers)


async def _frames(events: AsyncIterator[Event], retry_ms: int, quit_on: asyncio.Event) -> AsyncIterator[bytes]:
    yield f"retry: {retry_ms}\n\n".encode()
    stop = asyncio.ensure_future(quit_on.wait())
    upcoming = asyncio.ensure_future(_next(events))
    try:
        while not quit_on.is_set():
            await asyncio.wait({upcoming, stop}, timeout=KEEP_ALIVE_S, return_when=asyncio.FIRST_COMPLETED)
            if not upcoming.done():
                yield b": still here\n\n"
                continue
            event = upcoming.result()
            if event is None:
                return
            yield f"id: {event['seq']}\ndata: {json.dumps(event)}\n\n".encode()
            upcoming = asyncio.ensure_future(_next(events))
    finally:
        await _cancelled(upcoming, stop)


async def _next(events: AsyncIterator[Event]) -> Event | None:
    return await anext(events, None)


async def _cancelled(*futures: asyncio.Future[Any]) -> None:
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)
