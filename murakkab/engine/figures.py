"""Time to first frame, first content, first speech and stalls: by the player's word, else by the playback clock."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec


class PlaybackFigures:
    """Figures of one run's playback; all in seconds since the request.

    The playback clock assumes a viewer who starts as soon as the first segment is there and waits whenever the next
    one is not: stall = the sum of those waits. A player's report replaces the clock's figures.
    """

    def __init__(self) -> None:
        self.ttff_s: float | None = None
        self.first_content_s: float | None = None
        self.first_speech_s: float | None = None
        self.stall_s = 0.0
        self.duration_s = 0.0
        self.measured_by = "playback clock"
        self._behind = 0.0

    def published(self, at: float, start: float, seconds: float, speech: float | None, content: float | None) -> None:
        """A segment is playable.

        Args:
            at: seconds since the request.
            start: of the segment in the episode.
            seconds: length of the segment.
            speech: where in the episode the first word is spoken, if in this segment.
            content: where in the episode the show itself is first seen, if in this segment.

        """
        if self.ttff_s is None:
            self.ttff_s = at
        wait = at - (self.ttff_s + start + self._behind)
        if wait > 0:
            self._behind += wait
            if self.measured_by == "playback clock":
                self.stall_s = self._behind
        self.duration_s = start + seconds
        if self.measured_by == "playback clock":
            self._first("first_speech_s", speech)
            self._first("first_content_s", content)

    def reported(self, report: PlayerReport) -> None:
        """Take a player's own measurements."""
        if report.ttff_s is None:
            return
        self.measured_by = "player"
        self.ttff_s = report.ttff_s
        self.stall_s = report.stall_s
        self.first_content_s = report.first_content_s
        self.first_speech_s = report.first_speech_s

    def facts(self) -> dict[str, Any]:
        """The figures as they stand in events and records."""
        names = ("ttff_s", "first_content_s", "first_speech_s", "stall_s", "duration_s")
        values: dict[str, Any] = {name: _rounded(getattr(self, name)) for name in names}
        return {**values, "measured_by": self.measured_by if self.ttff_s is not None else None}

    def _first(self, name: str, place: float | None) -> None:
        if getattr(self, name) is None and place is not None and self.ttff_s is not None:
            setattr(self, name, self.ttff_s + place + self._behind)


_Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
"""Finite: a journal cannot hold what is not a number."""

_Rate = Annotated[float, msgspec.Meta(ge=1 / 16, le=16)]
"""Those that browsers play at."""


class PlayerReport(msgspec.Struct, frozen=True):
    """What a player says of itself (seconds; first moments counted from the request).

    ``rate`` says how many seconds of the show it plays in a second.
    """

    position_s: _Seconds
    rate: _Rate = 1.0
    playing: bool = False
    ttff_s: _Seconds | None = None
    first_content_s: _Seconds | None = None
    first_speech_s: _Seconds | None = None
    stall_s: _Seconds = 0.0
    stalls: int = 0
    ended: bool = False
    agent: str = ""

    def measured(self) -> dict[str, float | None]:
        """The figures as they stand in events; times are None until the player has measured them."""
        names = ("ttff_s", "first_content_s", "first_speech_s", "stall_s")
        return {name: _rounded(getattr(self, name)) for name in names}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
