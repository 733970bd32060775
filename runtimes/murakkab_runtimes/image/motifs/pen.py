"""A pen for flat illustration: every filled shape gets a soft light from the upper left."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import skia

from murakkab_runtimes.image.outlines import path_of
from murakkab_runtimes.image.palettes import Family, darker, lighter
from murakkab_runtimes.image.type import argb

Point = tuple[float, float]


class Pen:
    """Draws on a canvas in its own units.

    Args:
        canvas: to draw on.
        family: the colours.
        chance: the source of all variation.
        width, height: of the picture in units; objects are drawn inside -50..50 instead.

    Attributes:
        focus: where a sun or a moon stands, as a share of the width.

    """

    def __init__(
        self, canvas: skia.Canvas, family: Family, chance: random.Random, width: float = 160, height: float = 90
    ) -> None:
        self.canvas, self.family, self.chance = canvas, family, chance
        self.width, self.height = width, height
        self.focus = chance.choice((0.4, 0.5, 0.6))
        self.main, self.second, self.light = family.accent, family.accent2, family.light
        self.near, self.mid, self.far, self.glow = family.near, family.mid, family.far, family.glow
        self.low_light = family.low
        self.dark = darker(family.near, 0.45)

    def circle(self, x: float, y: float, radius: float, colour: str, alpha: float = 1.0, shade: float = 0.14) -> None:
        """A disc."""
        self.oval(x, y, radius, radius, colour, alpha, shade)

    def oval(
        self, x: float, y: float, rx: float, ry: float, colour: str, alpha: float = 1.0, shade: float = 0.14
    ) -> None:
        """An ellipse."""
        path = skia.Path()
        path.addOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry))
        self.fill(path, colour, alpha, shade)

    def rect(
        self, x: float, y: float, width: float, height: float, colour: str, r: float = 0, alpha: float = 1.0,
        shade: float = 0.14,
    ) -> None:  # fmt: skip
        """A rectangle with its upper left corner at (x, y) and corners of radius r."""
        path = skia.Path()
        path.addRoundRect(skia.Rect.MakeXYWH(x, y, width, height), r, r)
        self.fill(path, colour, alpha, shade)

    def poly(self, points: Sequence[Point], colour: str, alpha: float = 1.0, shade: float = 0.14) -> None:
        """A polygon."""
        path = skia.Path()
        path.addPoly([skia.Point(*point) for point in points], True)
        self.fill(path, colour, alpha, shade)

    def shape(self, outline: str, colour: str, alpha: float = 1.0, shade: float = 0.14) -> None:
        """A closed path of absolute ``M L Q C Z`` commands."""
        self.fill(path_of(outline), colour, alpha, shade)

    def fill(self, path: skia.Path, colour: str, alpha: float = 1.0, shade: float = 0.14) -> None:
        """A path, lighter at the upper left and darker at the lower right by ``shade``."""
        paint = skia.Paint(AntiAlias=True, Color=argb(colour, alpha), Dither=True)
        if shade:
            box = path.computeTightBounds()
            colours = [argb(lighter(colour, shade), alpha), argb(colour, alpha), argb(darker(colour, shade), alpha)]
            ends = [skia.Point(box.left(), box.top()), skia.Point(box.left() + box.width() * 0.7, box.bottom())]
            paint.setShader(skia.GradientShader.MakeLinear(ends, colours, [0.0, 0.45, 1.0]))
        self.canvas.drawPath(path, paint)

    def line(self, points: Sequence[Point], colour: str, width: float = 2, alpha: float = 1.0) -> None:
        """A line through the points with round ends."""
        path = skia.Path()
        path.addPoly([skia.Point(*point) for point in points], False)
        self.canvas.drawPath(path, _stroke(colour, width, alpha))

    def curve(self, outline: str, colour: str, width: float = 2, alpha: float = 1.0) -> None:
        """An open path of absolute ``M L Q C`` commands."""
        self.canvas.drawPath(path_of(outline), _stroke(colour, width, alpha))

    def ring(self, x: float, y: float, rx: float, ry: float, colour: str, width: float = 2, alpha: float = 1.0) -> None:
        """The line of an ellipse."""
        self.canvas.drawOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry), _stroke(colour, width, alpha))

    def halo(self, x: float, y: float, radius: float, colour: str, alpha: float = 0.6) -> None:
        """A light that fades to nothing at ``radius``."""
        fade = [argb(colour, alpha), argb(colour, alpha * 0.35), argb(colour, 0)]
        shader = skia.GradientShader.MakeRadial(skia.Point(x, y), radius, fade, [0.0, 0.45, 1.0])
        self.canvas.drawCircle(x, y, radius, skia.Paint(AntiAlias=True, Shader=shader, Dither=True))

    @contextmanager
    def at(self, x: float, y: float, size: float = 100, turn: float = 0) -> Iterator[None]:
        """Move the origin to (x, y); 100 units of what is drawn inside become ``size``; ``turn`` in degrees."""
        self.canvas.save()
        self.canvas.translate(x, y)
        self.canvas.scale(size / 100, size / 100)
        self.canvas.rotate(turn)
        try:
            yield
        finally:
            self.canvas.restore()

    @contextmanager
    def inside(self, path: skia.Path) -> Iterator[None]:
        """Keep what is drawn within a path."""
        self.canvas.save()
        self.canvas.clipPath(path, doAntiAlias=True)
        try:
            yield
        finally:
            self.canvas.restore()


def disc(x: float, y: float, radius: float) -> skia.Path:
    """The path of a circle."""
    return skia.Path.Circle(x, y, radius)


def around(count: int, radius: float, start: float = -90) -> list[Point]:
    """Points on a circle around the origin; ``start`` in degrees, clockwise from the right."""
    angles = (math.radians(start + 360 * number / count) for number in range(count))
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _stroke(colour: str, width: float, alpha: float) -> skia.Paint:
    return skia.Paint(
        AntiAlias=True, Color=argb(colour, alpha), Style=skia.Paint.kStroke_Style, StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap, StrokeJoin=skia.Paint.kRound_Join,
    )  # fmt: skip
