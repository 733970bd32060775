"""More landscapes: forest, river, volcano and the surface of a moon."""

from __future__ import annotations

from murakkab_runtimes.image.motifs.grounds import land, mist, ridge
from murakkab_runtimes.image.motifs.pen import Pen
from murakkab_runtimes.image.motifs.registry import motif
from murakkab_runtimes.image.palettes import darker, lighter, mix


@motif("forest", "ground")
def forest(pen: Pen) -> None:
    """Rows of firs in mist, the nearest ones tall at both sides."""
    rows = ((62, 13, 26, mix(pen.far, pen.low_light, 0.35)), (70, 18, 20, pen.far), (79, 23, 15, pen.mid))
    for base, tall, count, colour in rows:
        land(pen, ridge(pen, base, 1.5, 0.8), colour, shade=0.05)
        for number in range(count):
            x = (number + pen.chance.uniform(0.1, 0.9)) * pen.width / count
            _fir(pen, x, base + 1, tall * pen.chance.uniform(0.65, 1.1), colour)
        mist(pen, base + 4, pen.glow, 0.22)
    land(pen, ridge(pen, 85, 1.2, 0.6), pen.near)
    for share in (0.03, 0.12, 0.2, 0.83, 0.9, 0.98):
        _fir(pen, share * pen.width, 90, pen.chance.uniform(38, 60), pen.near)


def _fir(pen: Pen, x: float, base: float, tall: float, colour: str) -> None:
    for tier in range(4):
        half, top = tall * (0.13 + 0.05 * tier), base - tall + tall * 0.2 * tier
        low = top + tall * 0.34
        pen.poly([(x, top), (x + half, low), (x, low + tall * 0.02), (x - half, low)], colour, shade=0.05)
        pen.poly([(x, top), (x + half, low), (x, low + tall * 0.02)], darker(colour, 0.13), 0.8, 0)
    pen.rect(x - tall * 0.02, base - tall * 0.08, tall * 0.04, tall * 0.09, darker(colour, 0.3), shade=0)


@motif("river", "ground")
def river(pen: Pen) -> None:
    """A river that winds between hills towards the viewer."""
    land(pen, ridge(pen, 58, 5, 0.9), pen.far)
    mist(pen, 62, pen.glow, 0.25)
    land(pen, ridge(pen, 66, 1.5, 0.6), pen.mid)
    water = mix(pen.low_light, "#8fd0e0", 0.35)
    with pen.at(pen.width / 2, 90, 100):
        pen.shape(
            "M 4 -24 C 30 -20 -34 -16 -22 -9 C -12 -4 20 -3 12 4 L 74 4 C 66 -6 -2 -8 6 -13 C 14 -17 22 -20 7 -24 Z",
            water,
        )
        pen.curve("M -12 -9 Q 4 -5 26 -2 M 2 -19 Q -6 -16 -12 -13", pen.light, 0.5, 0.7)
    line = ridge(pen, 84, 2, 0.5)
    land(pen, [(x, y + 8 - 26 * (abs(x / pen.width - 0.52) - 0.2)) for x, y in line], pen.near, shade=0.1)


@motif("volcano", "ground")
def volcano(pen: Pen) -> None:
    """An erupting volcano over dark hills."""
    rock, x = mix(pen.mid, "#5a3542", 0.55), pen.width / 2
    for _ in range(26):
        away = pen.chance.gauss(0, 1)
        y = 26 - pen.chance.uniform(0, 24)
        smoke = mix(pen.far, pen.light, pen.chance.uniform(0.1, 0.45))
        pen.circle(x + away * (4 + (26 - y) * 0.5), y, pen.chance.uniform(3, 8), smoke, 0.5, 0.2)
    pen.halo(x, 30, 38, "#ff8440", 0.8)
    with pen.at(x, 30, 100):
        for dx in (-16, -9, -3, 4, 11, 18):
            top = -abs(18 - abs(dx)) - 4
            pen.curve(f"M {dx * 0.2} 2 Q {dx * 0.7} {top} {dx} {top * 0.3 + abs(dx) * 0.3}", "#ffb24d", 1.1, 0.9)
        pen.shape("M -68 62 C -34 44 -20 18 -9 0 Q 0 3.5 9 0 C 20 18 34 44 68 62 Z", rock, shade=0.16)
        pen.shape("M 9 0 C 20 18 34 44 68 62 L 14 62 C 18 40 8 24 3 2 Z", darker(rock, 0.22), 0.75, 0)
        pen.shape(
            "M -9 0 Q 0 3.5 9 0 C 10 8 7 12 10 20 C 6 18 4 10 2 9 "
            "C 0 16 5 26 1 36 C -4 26 -1 14 -4 8 C -6 12 -5 18 -9 24 C -10 14 -8 8 -9 0 Z",
            "#ff7a3c",
            shade=0.3,
        )
        pen.halo(0, 2, 15, "#ffd27a", 0.7)
    land(pen, ridge(pen, 80, 2.5, 0.9), pen.near)


@motif("craters", "ground")
def craters(pen: Pen) -> None:
    """The pale ground of a moon, with craters and a far planet's arc."""
    ground = mix(pen.mid, "#c9c4d6", 0.25)
    land(pen, ridge(pen, 64, 2.5, 0.7), mix(ground, pen.far, 0.5))
    land(pen, ridge(pen, 71, 2, 0.5), ground)
    for _ in range(15):
        x, y = pen.chance.uniform(0, pen.width), pen.chance.uniform(75, 89)
        wide = pen.chance.uniform(2, 5) * (y - 66) / 12
        pen.oval(x, y, wide, wide * 0.3, lighter(ground, 0.16), shade=0.05)
        pen.oval(x + wide * 0.06, y + wide * 0.05, wide * 0.86, wide * 0.23, darker(ground, 0.28), shade=0.1)
