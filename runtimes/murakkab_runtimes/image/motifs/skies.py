"""Things in the sky, in the units of the picture."""

from __future__ import annotations

import skia

from murakkab_runtimes.image.motifs.pen import Pen, disc
from murakkab_runtimes.image.motifs.registry import motif
from murakkab_runtimes.image.palettes import darker, mix


@motif("sun", "sky")
def sun(pen: Pen) -> None:
    """A sun with a wide glow, high over the middle."""
    x, y = pen.width * pen.focus, 30
    pen.halo(x, y, 52, pen.glow, 0.75)
    for radius, alpha in ((25, 0.16), (19, 0.22)):
        pen.circle(x, y, radius, pen.glow, alpha, shade=0)
    pen.circle(x, y, 13, mix(pen.glow, "#ffd887", 0.35), shade=0.2)


@motif("moon", "sky")
def moon(pen: Pen) -> None:
    """A full moon with seas and a soft edge of shadow."""
    x, y = pen.width * pen.focus, 27
    face = mix(pen.light, "#dfe6f5", 0.5)
    pen.halo(x, y, 46, face, 0.5)
    pen.circle(x, y, 14.5, face, shade=0.1)
    with pen.inside(disc(x, y, 14.5)):
        for dx, dy, radius in ((-5, -4, 3.6), (3, 3, 4.6), (5, -6, 2.2), (-6, 6, 2.4), (-1, -9, 1.5), (9, 1, 1.8)):
            pen.circle(x + dx, y + dy, radius, darker(face, 0.16), 0.55, shade=0.05)
        pen.fill(_crescent(x, y), darker(face, 0.5), 0.3, shade=0)


def _crescent(x: float, y: float) -> skia.Path:
    return skia.Op(disc(x, y, 15), disc(x - 4, y - 3, 15.5), skia.PathOp.kDifference_PathOp)


@motif("stars", "sky")
def stars(pen: Pen) -> None:
    """Many small stars, some with a glow."""
    for _ in range(90):
        x, y = pen.chance.uniform(0, pen.width), pen.chance.uniform(0, 58)
        size = pen.chance.uniform(0.15, 0.5)
        pen.circle(x, y, size, pen.light, pen.chance.uniform(0.35, 0.95), shade=0)
        if size > 0.44:
            pen.halo(x, y, 2.4, pen.light, 0.5)


def cloud_at(pen: Pen, x: float, y: float, size: float, colour: str, alpha: float) -> None:
    """A cloud with a flat base, ``size`` wide."""
    with pen.at(x, y, size):
        pen.shape(
            "M -46 18 C -58 18 -58 -4 -40 -4 C -40 -22 -16 -28 -8 -14 C 0 -34 32 -30 30 -6 C 52 -10 56 18 40 18 Z",
            colour, alpha, 0.2,
        )  # fmt: skip


@motif("clouds", "sky")
def clouds(pen: Pen) -> None:
    """A few clouds at different distances."""
    for number in range(5):
        x = (number + pen.chance.uniform(0.1, 0.9)) * pen.width / 5
        size = pen.chance.uniform(16, 34)
        cloud_at(pen, x, pen.chance.uniform(8, 36), size, pen.light, 0.25 + size / 60)
