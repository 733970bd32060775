"""Cards and captions, drawn on a canvas of any size.

A palette maps ``background``, ``surface``, ``accent``, ``accent2``, ``ink`` and ``muted`` to ``#rrggbb``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import skia

from murakkab_runtimes.image.type import Style, argb, fit, layout

Palette = Mapping[str, str]

DEFAULT_PALETTE: dict[str, str] = {
    "background": "#101828",
    "surface": "#1d2a44",
    "accent": "#ffb347",
    "accent2": "#4fc3c7",
    "ink": "#f5f7fb",
    "muted": "#a9b4c8",
}


def title_card(
    canvas: skia.Canvas, width: int, height: int, title: str, subtitle: str, palette: Palette, t: float
) -> None:
    """The opening card at second ``t``: the title rises in over drifting arcs, the subtitle follows."""
    _backdrop(canvas, width, height, palette, t)
    unit = height / 360
    room = width - 112 * unit
    appear, follow = _ease(t / 0.35), _ease((t - 0.1) / 0.4)
    block = fit(title, Style(46 * unit, 800, palette["ink"], appear), room, 150 * unit, 18 * unit)
    top = (height - block.height) / 2 - 6 * unit
    _bar(canvas, 56 * unit, top - 22 * unit, 64 * unit * appear, 5 * unit, palette["accent"])
    block.draw(canvas, 56 * unit, top + (1 - appear) * 14 * unit)
    below = layout(subtitle, Style(17 * unit, 500, palette["muted"], follow), room, 1)
    below.draw(canvas, 56 * unit, top + block.height + 12 * unit)


def outro_card(
    canvas: skia.Canvas, width: int, height: int, title: str, names: Sequence[str], palette: Palette, t: float
) -> None:
    """The closing card at second ``t``: thanks, who spoke, and what is drawn and synthetic."""
    _backdrop(canvas, width, height, palette, t + 3)
    unit, shown = height / 360, _ease(t / 0.5)
    room = width - 112 * unit
    lines = [
        (layout("Thanks for watching", Style(36 * unit, 800, palette["ink"], shown), room, 1), 10),
        (layout(title, Style(18 * unit, 600, palette["accent"], shown), room, 2), 14),
        (layout("with " + " and ".join(names), Style(16 * unit, 500, palette["ink"], shown), room, 1), 22),
        (
            layout(
                "Made with Murakkab. The hosts are drawn, the voices synthetic.",
                Style(12.5 * unit, 400, palette["muted"], shown),
                room,
                2,
            ),
            0,
        ),
    ]
    y = (height - sum(block.height + gap * unit for block, gap in lines)) / 2
    _bar(canvas, 56 * unit, y - 18 * unit, 64 * unit * shown, 5 * unit, palette["accent"])
    for block, gap in lines:
        block.draw(canvas, 56 * unit, y)
        y += block.height + gap * unit


def lower_third(
    canvas: skia.Canvas, width: int, height: int, name: str, section_title: str, palette: Palette, alpha: float
) -> None:
    """A plate at the lower left with a name and what is spoken of; it slides in with ``alpha`` 0..1."""
    if alpha <= 0:
        return
    unit = height / 360
    head = layout(name, Style(17 * unit, 700, palette["ink"], alpha), width * 0.5, 1)
    line = layout(section_title, Style(12.5 * unit, 500, palette["muted"], alpha), width * 0.5, 1)
    room = max(head.width, line.width) + 30 * unit
    x, y = 24 * unit - (1 - _ease(alpha)) * 20 * unit, height - 78 * unit
    plate = skia.Rect.MakeXYWH(x, y, room, 50 * unit)
    canvas.drawRoundRect(plate, 7 * unit, 7 * unit, _paint(palette["background"], 0.84 * alpha))
    _bar(canvas, x, y + 9 * unit, 4 * unit, 32 * unit, palette["accent"], alpha)
    head.draw(canvas, x + 15 * unit, y + 5 * unit)
    line.draw(canvas, x + 15 * unit, y + 27 * unit)


def caption(canvas: skia.Canvas, width: int, height: int, text: str, palette: Palette) -> None:
    """One caption of at most two lines at the bottom, on a dark plate."""
    unit = height / 360
    block = layout(text, Style(16 * unit, 600, palette["ink"], align="center"), width * 0.84, 2)
    y = height - 16 * unit - block.height
    plate = skia.Rect.MakeXYWH(
        (width - block.width) / 2 - 10 * unit, y - 4 * unit, block.width + 20 * unit, block.height + 8 * unit
    )
    canvas.drawRoundRect(plate, 5 * unit, 5 * unit, _paint("#000000", 0.66))
    block.draw(canvas, width * 0.08, y)


def _backdrop(canvas: skia.Canvas, width: int, height: int, palette: Palette, t: float) -> None:
    shader = skia.GradientShader.MakeLinear(
        [skia.Point(0, 0), skia.Point(width, height)], [argb(palette["surface"]), argb(palette["background"])]
    )
    canvas.drawRect(skia.Rect.MakeWH(width, height), skia.Paint(Shader=shader))
    centre = (width * 0.86, height * 0.3)
    for ring in range(6):
        radius = height * (0.16 + 0.13 * ring)
        paint = _paint(palette["accent" if ring % 2 else "accent2"], 0.34 - 0.045 * ring)
        paint.setStyle(skia.Paint.kStroke_Style)
        paint.setStrokeWidth(height * 0.012)
        paint.setStrokeCap(skia.Paint.kRound_Cap)
        box = skia.Rect.MakeLTRB(centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        start = 40 * ring + 24 * t * (1 if ring % 2 else -1)
        canvas.drawArc(box, start, 150 + 30 * math.sin(ring), False, paint)


def _bar(canvas: skia.Canvas, x: float, y: float, width: float, height: float, colour: str, alpha: float = 1.0) -> None:
    radius = min(width, height) / 2
    canvas.drawRoundRect(skia.Rect.MakeXYWH(x, y, width, height), radius, radius, _paint(colour, alpha))


def _paint(colour: str, alpha: float = 1.0) -> skia.Paint:
    return skia.Paint(Color=argb(colour, alpha), AntiAlias=True)


def _ease(x: float) -> float:
    """Smooth start and end for x in 0..1."""
    x = max(0.0, min(x, 1.0))
    return x * x * (3 - 2 * x)
