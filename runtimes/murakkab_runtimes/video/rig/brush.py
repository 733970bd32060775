"""Paints, kept once they are made."""

from __future__ import annotations

from functools import lru_cache

import skia


@lru_cache(4096)
def fill(colour: int) -> skia.Paint:
    """A smooth-edged fill of an ARGB colour."""
    return skia.Paint(AntiAlias=True, Color=colour)


@lru_cache(4096)
def line(colour: int, width: float) -> skia.Paint:
    """A stroke with round ends."""
    return skia.Paint(
        AntiAlias=True,
        Color=colour,
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )


@lru_cache(1024)
def ramp(
    start: tuple[float, float], end: tuple[float, float], colours: tuple[int, ...], stops: tuple[float, ...]
) -> skia.Paint:
    """A fill that changes along a straight line."""
    shader = skia.GradientShader.MakeLinear([start, end], list(colours), list(stops))
    return skia.Paint(AntiAlias=True, Shader=shader)


@lru_cache(1024)
def glow(centre: tuple[float, float], radius: float, inner: int, outer: int) -> skia.Paint:
    """A fill that changes with the distance from ``centre``."""
    shader = skia.GradientShader.MakeRadial(centre, radius, [inner, outer])
    return skia.Paint(AntiAlias=True, Shader=shader)


def oval(x: float, y: float, rx: float, ry: float) -> skia.Rect:
    """The box of an ellipse."""
    return skia.Rect(x - rx, y - ry, x + rx, y + ry)
