"""Cards and captions, drawn on a canvas of any size.

A palette maps ``background``, ``surface``, ``accent``, ``accent2``, ``ink`` and ``muted`` to ``#rrggbb``.
Lengths are in units of 1/360 of the height.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import skia

from murakkab_runtimes.image.type import Block, Style, argb, direction, fit

Palette = Mapping[str, str]

DEFAULT_PALETTE: dict[str, str] = {
    "background": "#101828",
    "surface": "#1d2a44",
    "accent": "#ffb347",
    "accent2": "#4fc3c7",
    "ink": "#f5f7fb",
    "muted": "#a9b4c8",
}
MARGIN = 48
CREDIT = "Made with Murakkab"
HONESTY = "The hosts are drawn and their voices are synthetic."
_MARK = "\u200e"
"""Keeps names of different scripts in their order."""


def title_card(
    canvas: skia.Canvas, width: int, height: int, title: str, subtitle: str, palette: Palette, t: float
) -> None:
    """The opening card at second ``t``: the title comes in line by line beside two talking discs.

    It mirrors for a title that is written from right to left.
    """
    unit = height / 360
    mirrored = direction(title) == "rtl"
    _backdrop(canvas, width, height, palette)
    _emblem(canvas, width * (0.18 if mirrored else 0.82), height * 0.5, unit, palette, t)
    room = width * 0.6 - MARGIN * unit
    left = width - MARGIN * unit - room if mirrored else MARGIN * unit
    head = fit(title, Style(44 * unit, 700, palette["ink"], leading=1.16), room, 176 * unit, 17 * unit, balanced=True)
    line = fit(subtitle, Style(16 * unit, 500, palette["muted"], leading=1.3), room, 44 * unit, 12 * unit)
    top = (height - head.height - (line.height + 14 * unit if line.text else 0)) / 2
    grown = 56 * unit * _settle(0.3 + t / 0.6)
    _bar(canvas, left + (room - grown if mirrored else 0), top - 20 * unit, grown, 5 * unit, palette["accent"])
    _reveal(canvas, head, _edge(head, left, room), top, t)
    below = _settle((t - 0.15) / 0.5)
    line_y = top + head.height + (14 + 8 * (1 - below)) * unit
    line.draw(canvas, _edge(line, left, room), line_y, below)


def outro_card(
    canvas: skia.Canvas, width: int, height: int, title: str, names: Sequence[str], palette: Palette, t: float
) -> None:
    """The closing card at second ``t``: thanks, who spoke, and what is drawn and synthetic."""
    unit = height / 360
    _backdrop(canvas, width, height, palette)
    _emblem(canvas, width * 0.82, height * 0.5, unit, palette, t + 2)
    room = width * 0.6 - MARGIN * unit
    ink, muted = palette["ink"], palette["muted"]
    hosts = "with " + listed(names) if names else ""
    blocks = [
        (fit("Thanks for listening", Style(40 * unit, 700, ink), room, 50 * unit, 16 * unit), 6),
        (_left(title, Style(17 * unit, 600, muted, leading=1.3), room, 46 * unit), 16),
        (_left(hosts, Style(17 * unit, 600, ink, leading=1.3), room, 46 * unit), 30),
        (fit(CREDIT, Style(13 * unit, 700, ink), room, 18 * unit, 8 * unit), 2),
        (fit(HONESTY, Style(12 * unit, 500, muted), room, 32 * unit, 8 * unit), 0),
    ]
    blocks = [(block, gap) for block, gap in blocks if block.text]
    y = (height - sum(block.height + gap * unit for block, gap in blocks)) / 2 + 8 * unit
    _bar(canvas, MARGIN * unit, y - 20 * unit, 56 * unit * _settle(0.3 + t / 0.6), 5 * unit, palette["accent"])
    for number, (block, gap) in enumerate(blocks):
        shown = _settle(0.25 + (t - 0.08 * number) / 0.5)
        block.draw(canvas, MARGIN * unit, y + 8 * unit * (1 - shown), shown)
        y += block.height + gap * unit


def lower_third(
    canvas: skia.Canvas, width: int, height: int, name: str, section_title: str, palette: Palette, alpha: float
) -> None:
    """A plate at the lower left with a name and what is spoken of; it slides in with ``alpha`` 0..1."""
    if alpha <= 0:
        return
    unit = height / 360
    room = width * 0.46
    head = _left(name, Style(17 * unit, 700, palette["ink"]), room, 22 * unit)
    line = _left(section_title, Style(12.5 * unit, 500, palette["muted"]), room, 17 * unit)
    text = head.height + (line.height + 1 * unit if line.text else 0)
    x, y = (24 - (1 - _settle(alpha)) * 22) * unit, height - 66 * unit - text
    plate = skia.Rect.MakeXYWH(x, y - 7 * unit, max(head.width, line.width) + 32 * unit, text + 14 * unit)
    canvas.saveLayerAlpha(plate.makeOutset(16 * unit, 16 * unit), round(min(alpha, 1.0) * 255))
    canvas.drawRoundRect(plate.makeOffset(0, 2 * unit), 8 * unit, 8 * unit, _soft("#000000", 0.35, 5 * unit))
    canvas.drawRoundRect(plate, 8 * unit, 8 * unit, _paint(palette["background"], 0.92))
    _bar(canvas, x + 8 * unit, y + 2 * unit, 4 * unit, text - 4 * unit, palette["accent"])
    head.draw(canvas, x + 20 * unit, y)
    line.draw(canvas, x + 20 * unit, y + head.height + 1 * unit)
    canvas.restore()


def caption(canvas: skia.Canvas, width: int, height: int, text: str, palette: Palette) -> None:
    """One caption of at most two lines at the bottom, on a dark plate."""
    unit = height / 360
    style = Style(16 * unit, 600, palette["ink"], align="center", leading=1.3)
    block = fit(text, style, width * 0.84, 42 * unit, 12 * unit, balanced=True)
    if not block.text:
        return
    y = height - 18 * unit - block.height
    half = block.width / 2 + 12 * unit
    plate = skia.Rect.MakeLTRB(width / 2 - half, y - 4 * unit, width / 2 + half, y + block.height + 4 * unit)
    canvas.drawRoundRect(plate, 7 * unit, 7 * unit, _paint("#05070c", 0.78))
    block.draw(canvas, (width - block.room) / 2, y)


def listed(names: Sequence[str]) -> str:
    """``A``, ``A and B`` or ``A, B and C``, in this order whatever the names' scripts."""
    kept = [f"{name}{_MARK}" for name in names]
    return " and ".join([*([", ".join(kept[:-1])] if kept[1:] else []), *kept[-1:]])


def _left(text: str, style: Style, room: float, height: float) -> Block:
    """Fitted text at the left edge, whatever its direction."""
    aligned = replace(style, align="start" if direction(text) == "ltr" else "end")
    return fit(text, aligned, room, height, style.size * 0.72)


def _edge(block: Block, left: float, room: float) -> float:
    """Where a block begins that is aligned in a wider room: right-to-left text ends at its right edge."""
    return left + (room - block.room if direction(block.text) == "rtl" else 0)


def _reveal(canvas: skia.Canvas, block: Block, x: float, y: float, t: float) -> None:
    """Draw a block whose lines rise one after the other; half of the first is there at once."""
    step = block.height / block.lines
    if t > 0.4 + 0.08 * block.lines:
        block.draw(canvas, x, y)
        return
    for number in range(block.lines):
        shown = _settle(0.2 + (t - 0.08 * number) / 0.4)
        top = y + number * step + (1 - shown) * step * 0.3
        canvas.save()
        below = 0.12 if number < block.lines - 1 else 1.0
        canvas.clipRect(skia.Rect.MakeXYWH(x - step, top, block.room + 2 * step, step * (1 + below)))
        block.draw(canvas, x, top - number * step, shown)
        canvas.restore()


def _backdrop(canvas: skia.Canvas, width: int, height: int, palette: Palette) -> None:
    ends = [skia.Point(0, 0), skia.Point(width, height)]
    shader = skia.GradientShader.MakeLinear(ends, [argb(palette["surface"]), argb(palette["background"])])
    canvas.drawRect(skia.Rect.MakeWH(width, height), skia.Paint(Shader=shader, Dither=True))


def _emblem(canvas: skia.Canvas, x: float, y: float, unit: float, palette: Palette, t: float) -> None:
    """Two discs that overlap, each with the bars of a voice; rings of sound go out from them."""
    canvas.save()
    canvas.translate(x, y)
    canvas.scale(unit, unit)
    _rings(canvas, palette["accent2"], t)
    size = 0.9 + 0.1 * _settle(0.2 + t / 0.7)
    canvas.scale(size, size)
    canvas.drawCircle(36, -44, 62, _paint(palette["accent2"]))
    canvas.drawCircle(-14, 32, 82, _soft("#000000", 0.3, 9))
    canvas.drawCircle(-18, 26, 82, _paint(palette["accent"]))
    _voice(canvas, 50, -56, 3, 15, 40, palette["background"], t * 0.8 + 1.7)
    _voice(canvas, -18, 26, 5, 18, 84, palette["background"], t)
    canvas.restore()


def _rings(canvas: skia.Canvas, colour: str, t: float) -> None:
    for number in range(3):
        phase = (number + 0.9 * t) / 3 % 1
        paint = _paint(colour, 0.3 * (1 - phase) * min(phase * 6, 1))
        paint.setStyle(skia.Paint.kStroke_Style)
        paint.setStrokeWidth(2.5)
        canvas.drawCircle(-4, 8, 96 + 90 * phase, paint)


def _voice(
    canvas: skia.Canvas, x: float, y: float, bars: int, pitch: float, tall: float, colour: str, t: float
) -> None:
    """Upright bars around (x, y) that swing as if someone spoke."""
    for number in range(bars):
        from_middle = abs(number - (bars - 1) / 2) / (bars / 2)
        swing = 0.5 + 0.5 * math.sin(t * 7.1 + number * 1.9) * math.cos(t * 2.3 + number)
        length = tall * (1 - 0.55 * from_middle) * (0.4 + 0.6 * swing)
        centre = x + (number - (bars - 1) / 2) * pitch
        _bar(canvas, centre - pitch * 0.28, y - length / 2, pitch * 0.56, length, colour)


def _bar(canvas: skia.Canvas, x: float, y: float, width: float, height: float, colour: str) -> None:
    radius = min(width, height) / 2
    canvas.drawRoundRect(skia.Rect.MakeXYWH(x, y, width, height), radius, radius, _paint(colour))


def _paint(colour: str, alpha: float = 1.0) -> skia.Paint:
    return skia.Paint(Color=argb(colour, alpha), AntiAlias=True)


def _soft(colour: str, alpha: float, blur: float) -> skia.Paint:
    """The paint of a shadow; ``blur`` in pixels."""
    paint = _paint(colour, alpha)
    paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    return paint


def _settle(x: float) -> float:
    """Quick start and soft end, for x in 0..1."""
    return 1 - (1 - max(0.0, min(x, 1.0))) ** 3
