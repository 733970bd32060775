"""A front of plans as a PNG file, drawn with skia."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import skia

from murakkab.cli.plan_front import UNITS, Point, span
from murakkab.cli.plan_words import NAMES, amount, figure
from murakkab.engine.errors import UserError
from murakkab_runtimes.image.type import Style, layout

WIDTH, HEIGHT = 1000, 600
LEFT, TOP, RIGHT, BOTTOM = 90.0, 105.0, 40.0, 80.0
INK, FAINT, LINE, DOT = 0xFF1B2430, 0xFFE3E7ED, 0xFF9DB2CE, 0xFF1F5FBF
_TICKS = 8
_NAME_SIZE, _GAP = 14.0, 9.0
DOT_RADIUS = 6.0


def write_chart(found: Sequence[Point], x: str, y: str, file: Path) -> None:
    """Draw the front: axes with units, a step line, and each point with its number and figures.

    Raises:
        UserError: the file cannot be written.
    """
    picture = draw(found, x, y)
    try:
        file.write_bytes(bytes(picture.encodeToData(skia.kPNG, 100)))
    except OSError as fault:
        raise UserError(f"cannot write {file}: {fault.strerror}", "Name another file with --png.") from None


def draw(found: Sequence[Point], x: str, y: str) -> skia.Image:
    """The picture of a front."""
    surface = skia.Surface(WIDTH, HEIGHT)
    canvas = surface.getCanvas()
    canvas.clear(0xFFFFFFFF)
    chart = _Chart(canvas, span([p.x for p in found]), span([p.y for p in found]))
    title = f"{found[0].plan.workflow}: {NAMES.get(x, x)} against {NAMES.get(y, y)}"
    chart.text(title, LEFT, 22, 22, weight=600)
    chart.axes(x, y)
    chart.steps(found, rising=x == "quality")
    for point in found:
        chart.dot(point)
    for point in found:
        chart.name(point, [f"{point.number}: {figure(x, point.x)}, {figure(y, point.y)}", str(point.number)])
    return surface.makeImageSnapshot()


class _Chart:
    """A canvas with two axes."""

    def __init__(self, canvas: skia.Canvas, across: tuple[float, float], up: tuple[float, float]) -> None:
        self._canvas, self._across, self._up = canvas, across, up
        self._taken: list[skia.Rect] = []

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a point."""
        (left, right), (low, high) = self._across, self._up
        return (
            LEFT + (x - left) / (right - left) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM),
        )

    def axes(self, x: str, y: str) -> None:
        """Grid lines with their values, and what the axes show."""
        for value in ticks(*self._across):
            at, _ = self.place(value, self._up[0])
            self.line((at, TOP), (at, HEIGHT - BOTTOM), FAINT)
            self.text(amount(value), at, HEIGHT - BOTTOM + 8, 15, align="center")
        for value in ticks(*self._up):
            _, at = self.place(self._across[0], value)
            self.line((LEFT, at), (WIDTH - RIGHT, at), FAINT)
            self.text(amount(value), LEFT - 10, at - 9, 15, align="end")
        self.line((LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, HEIGHT - BOTTOM), INK)
        self.line((LEFT, TOP), (LEFT, HEIGHT - BOTTOM), INK)
        self.text(named(x), WIDTH - RIGHT, HEIGHT - 40, 16, align="end", weight=600)
        self.text(named(y), LEFT, TOP - 48, 16, weight=600)

    def steps(self, found: Sequence[Point], *, rising: bool) -> None:
        """The edge of what can be had; ``rising`` where more on the axis below is better."""
        for one, other in pairwise(found):
            start, end = self.place(one.x, one.y), self.place(other.x, other.y)
            corner = (start[0], end[1]) if rising else (end[0], start[1])
            self.line(start, corner, LINE, 2)
            self.line(corner, end, LINE, 2)

    def dot(self, point: Point) -> None:
        """A point."""
        x, y = self.place(point.x, point.y)
        self._canvas.drawCircle(x, y, DOT_RADIUS, skia.Paint(Color=DOT, AntiAlias=True))
        self._taken.append(skia.Rect.MakeLTRB(x - DOT_RADIUS, y - DOT_RADIUS, x + DOT_RADIUS, y + DOT_RADIUS))

    def name(self, point: Point, names: Sequence[str]) -> None:
        """The first of the names for which there is room beside the point; nothing where there is none for any."""
        x, y = self.place(point.x, point.y)
        for name in names:
            block = layout(name, Style(_NAME_SIZE, 400, "#1b2430"), WIDTH, 1)
            for left in (x + _GAP, x - _GAP - block.width):
                for top in (y - _GAP - block.height, y + _GAP):
                    box = skia.Rect.MakeXYWH(left, top, block.width, block.height)
                    if self._is_free(box):
                        block.draw(self._canvas, left, top)
                        self._taken.append(box)
                        return

    def _is_free(self, box: skia.Rect) -> bool:
        inside = box.left() > LEFT and box.right() < WIDTH and box.top() > TOP - 40 and box.bottom() < HEIGHT - BOTTOM
        return inside and not any(skia.Rect.Intersects(box, other) for other in self._taken)

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: int, width: float = 1) -> None:
        """A straight line."""
        self._canvas.drawLine(*start, *end, skia.Paint(Color=colour, StrokeWidth=width, AntiAlias=True))

    def text(self, text: str, x: float, y: float, size: float, *, weight: int = 400, align: str = "start") -> None:
        """A line of text that begins, ends or is centred at ``x``, its top at ``y``."""
        if text:
            block = layout(text, Style(size, weight, "#1b2430"), WIDTH, 1)
            block.draw(self._canvas, x - {"start": 0.0, "center": 0.5, "end": 1.0}[align] * block.width, y)


def named(name: str) -> str:
    """What an axis shows, with its unit."""
    unit = UNITS.get(name, "")
    return f"{NAMES.get(name, name)} [{unit}]" if unit else NAMES.get(name, name)


def ticks(low: float, high: float) -> list[float]:
    """Round values between two ends, about as many as ``_TICKS``."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
