"""A picture of an episode over time: how good its shots were made, and how much of it was ready."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import skia

from murakkab_runtimes.image.type import Style, argb, layout

WIDTH, HEIGHT, MARGIN, LEFT = 960, 440, 40, 150
GROUND, INK, SOFT, QUALITY, READY, TAKEN = "#ffffff", "#1d2330", "#6b7280", "#0f766e", "#b45309", "#fee2e2"

Event = dict[str, Any]
Points = list[tuple[float, float]]


def draw(title: str, events: Sequence[Event], taken: tuple[float, float] | None) -> bytes:
    """A PNG; ``taken`` are the seconds of the run at which a core was taken away and given back."""
    shots = [event for event in events if event["event"] == "shot.rung"]
    ladder: Sequence[Event] = next((event.get("rungs", []) for event in events if event["event"] == "run.planned"), [])
    ready = buffer(events)
    end = max([event["t"] for event in events], default=1.0)
    surface = skia.Surface(WIDTH, HEIGHT)
    canvas = surface.getCanvas()
    canvas.clear(argb(GROUND))
    upper = _Panel(canvas, 60, 150, end, max(len(ladder) - 1, 1))
    lower = _Panel(canvas, 260, 130, end, max([seconds for _, seconds in ready], default=1.0) or 1.0)
    for panel in (upper, lower):
        if taken is not None:
            panel.band(*taken)
        panel.frame()
    _text(canvas, title, MARGIN, 16, 18, INK, 600)
    for index, rung in enumerate(ladder):
        upper.label(rung["rung"], len(ladder) - 1 - index)
    upper.steps([(shot["t"], len(ladder) - 1 - shot["index"]) for shot in shots], QUALITY)
    lower.label(f"{lower.most:.0f} s ready", lower.most)
    lower.label("0 s", 0.0)
    lower.steps(ready, READY)
    _text(canvas, f"seconds since the request, 0 to {end:.0f}", LEFT, HEIGHT - 34, 13, SOFT)
    return bytes(surface.makeImageSnapshot().encodeToData())


def buffer(events: Sequence[Event]) -> Points:
    """When how many seconds of the show were ready and not shown; as the player, or else the clock, says."""
    found: Points = []
    made, at, position = 0.0, None, 0.0
    for event in events:
        if event["event"] == "segment.published":
            made += event["seconds"]
            at = event["t"] if at is None else at
        elif event["event"] == "playback.moved":
            position, at = event["position_s"], event["t"]
        else:
            continue
        shown = 0.0 if at is None else position + event["t"] - at
        found.append((event["t"], max(made - shown, 0.0)))
    return found


class _Panel:
    """Axes of a curve."""

    def __init__(self, canvas: skia.Canvas, top: float, height: float, end: float, most: float) -> None:
        self._canvas, self._top, self._height, self._end, self.most = canvas, top, height, end, most

    def place(self, time: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - MARGIN) * time / self._end
        return x, self._top + self._height * (1 - value / self.most)

    def band(self, begins: float, ends: float) -> None:
        (left, top), (right, bottom) = self.place(begins, self.most), self.place(min(ends, self._end), 0.0)
        self._canvas.drawRect(skia.Rect.MakeLTRB(left, top, right, bottom), skia.Paint(Color=argb(TAKEN)))

    def frame(self) -> None:
        (left, top), (right, bottom) = self.place(0.0, self.most), self.place(self._end, 0.0)
        paint = skia.Paint(Color=argb(SOFT, 0.5), Style=skia.Paint.kStroke_Style, StrokeWidth=1)
        self._canvas.drawRect(skia.Rect.MakeLTRB(left, top, right, bottom), paint)

    def label(self, text: str, value: float) -> None:
        _text(self._canvas, text, 10, self.place(0.0, value)[1] - 9, 13, SOFT)

    def steps(self, points: Points, colour: str) -> None:
        """A line that stays where it is until the next point."""
        if not points:
            return
        path = skia.Path()
        path.moveTo(*self.place(*points[0]))
        for (_, before), (time, value) in itertools.pairwise(points):
            path.lineTo(*self.place(time, before))
            path.lineTo(*self.place(time, value))
        path.lineTo(*self.place(self._end, points[-1][1]))
        paint = skia.Paint(Color=argb(colour), Style=skia.Paint.kStroke_Style, StrokeWidth=2, AntiAlias=True)
        self._canvas.drawPath(path, paint)


def _text(canvas: skia.Canvas, text: str, x: float, y: float, size: float, colour: str, weight: int = 400) -> None:
    layout(text, Style(size, weight, colour), WIDTH).draw(canvas, x, y)
