"""Landscapes: they fill the lower part of a picture of ``pen.width`` x ``pen.height`` units."""

from __future__ import annotations

import math

from murakkab_runtimes.image.motifs.pen import Pen, Point
from murakkab_runtimes.image.motifs.registry import motif
from murakkab_runtimes.image.palettes import darker, lighter, mix


def ridge(pen: Pen, level: float, rise: float, waves: float) -> list[Point]:
    """A smooth line from left to right around height ``level``, up to ``rise`` above and below it."""
    shift, other = pen.chance.uniform(0, 6.3), pen.chance.uniform(0, 6.3)
    line = []
    for step in range(41):
        x = step / 40
        swing = 0.68 * math.sin(x * waves * 6.28 + shift) + 0.32 * math.sin(x * waves * 14.5 + other)
        line.append((x * (pen.width + 4) - 2, level - rise * swing))
    return line


def land(pen: Pen, line: list[Point], colour: str, alpha: float = 1.0, shade: float = 0.1) -> None:
    """Everything below a line."""
    pen.poly([*line, (pen.width + 2, pen.height + 2), (-2, pen.height + 2)], colour, alpha, shade)


def mist(pen: Pen, y: float, colour: str, alpha: float) -> None:
    """A soft veil around height y."""
    with pen.at(pen.width / 2, y):
        pen.canvas.scale(pen.width / 40, 1)
        pen.halo(0, 0, 26, colour, alpha)


@motif("hills", "ground")
def hills(pen: Pen) -> None:
    """Three ranges of rolling hills."""
    for level, rise, waves, colour in ((60, 5, 0.9, pen.far), (69, 4, 0.7, pen.mid), (80, 3.5, 0.8, pen.near)):
        land(pen, ridge(pen, level, rise, waves), colour)
        mist(pen, level + 9, pen.glow, 0.12)


@motif("sea", "ground")
def sea(pen: Pen) -> None:
    """Waves in five rows, their crests lit."""
    deep, shallow = mix(pen.near, "#12406a", 0.35), mix(pen.far, "#5fb3c9", 0.35)
    land(pen, [(-2, 55), (pen.width + 2, 55)], lighter(shallow, 0.22), shade=0.02)
    for row in range(5):
        level, length = 58 + row * 6.5, 13 + row * 5
        start = -pen.chance.uniform(0, length)
        colour = mix(shallow, deep, row / 4)
        line = _crests(pen, start, level, length, 1.1 + row * 0.62)
        land(pen, line, colour, shade=0.07)
        pen.line(line, pen.light, 0.35 + row * 0.13, 0.5 - row * 0.05)


def _crests(pen: Pen, start: float, level: float, length: float, rise: float) -> list[Point]:
    count = int((pen.width - start) / length * 14) + 14
    points = []
    for step in range(count):
        phase = step / 14 % 1
        points.append((start + step / 14 * length, level - rise * (1 - abs(2 * phase - 1)) ** 1.8 * 2))
    return points


@motif("mountains", "ground")
def mountains(pen: Pen) -> None:
    """Two ranges with snow and a meadow before them."""
    for count, base, tall, colour in ((5, 66, 30, pen.far), (4, 74, 34, pen.mid)):
        for number in range(count):
            x = (number + pen.chance.uniform(0.2, 0.8)) * pen.width / count
            _peak(pen, x, base, tall * pen.chance.uniform(0.65, 1.0), colour)
        land(pen, [(-2, base - 0.5), (pen.width + 2, base - 0.5)], colour, shade=0.05)
        mist(pen, base + 1, pen.glow, 0.25)
    land(pen, ridge(pen, 78, 2.5, 0.8), pen.near)


def _peak(pen: Pen, x: float, base: float, tall: float, colour: str) -> None:
    half, top = tall * 0.95, base - tall
    pen.poly([(x - half, base), (x, top), (x + half, base)], colour, shade=0.05)
    edge = [(x, top), (x + half, base), (x + half * 0.1, base), (x + half * 0.2, base - tall * 0.4)]
    pen.poly([*edge, (x - half * 0.06, base - tall * 0.62)], darker(colour, 0.16), shade=0.04)
    snow = [(x, top), (x + half * 0.3, top + tall * 0.3), (x + half * 0.14, top + tall * 0.25)]
    snow += [
        (x + half * 0.05, top + tall * 0.36),
        (x - half * 0.1, top + tall * 0.23),
        (x - half * 0.28, top + tall * 0.28),
    ]
    pen.poly(snow, pen.light, 0.94, shade=0.1)


@motif("desert", "ground")
def desert(pen: Pen) -> None:
    """Dunes with a lit and a shadowed side."""
    sand = mix(pen.far, "#e8b27a", 0.4)
    for row, level in enumerate((61, 69, 78)):
        colour = mix(sand, pen.near, row * 0.3)
        line = ridge(pen, level, 4.5, 0.6 + row * 0.1)
        land(pen, line, lighter(colour, 0.12))
        land(pen, [(x + (y - level) * 1.6, y + 2 + (x / pen.width) * 3) for x, y in line], darker(colour, 0.08), 0.8)


@motif("city", "ground")
def city(pen: Pen) -> None:
    """Rows of houses with lit windows."""
    for row, (level, colour) in enumerate(((70, pen.far), (78, pen.mid), (88, pen.near))):
        x = -pen.chance.uniform(0, 6)
        while x < pen.width:
            wide = pen.chance.uniform(7, 13)
            tall = pen.chance.uniform(9, 30 - row * 6)
            _tower(pen, x, level, wide, tall, colour, row)
            x += wide + pen.chance.choice((0, 0, 1.2))
        land(pen, [(-2, level - 0.3), (pen.width + 2, level - 0.3)], colour, shade=0.03)
        mist(pen, level, pen.glow, 0.16)


def _tower(pen: Pen, x: float, base: float, wide: float, tall: float, colour: str, row: int) -> None:
    pen.rect(x, base - tall, wide, tall + 1, colour, shade=0.1)
    pen.rect(x + wide * 0.72, base - tall, wide * 0.28, tall + 1, darker(colour, 0.14), shade=0.03)
    if pen.chance.random() < 0.3:
        pen.line([(x + wide * 0.4, base - tall), (x + wide * 0.4, base - tall - 4)], colour, 0.6)
    for floor in range(int(tall // 3.4)):
        for column in range(int(wide * 0.66 // 2.6)):
            if pen.chance.random() < 0.42:
                light = pen.chance.uniform(0.35, 0.85) * (0.6 + row * 0.2)
                pen.rect(x + 1.3 + column * 2.6, base - tall + 1.8 + floor * 3.4, 1.2, 1.7, pen.glow, 0.2, light, 0)
