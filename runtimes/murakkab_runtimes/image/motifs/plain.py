"""Grounds without a subject, for words that no motif fits."""

from __future__ import annotations

import math

from murakkab_runtimes.image.motifs.grounds import land, ridge
from murakkab_runtimes.image.motifs.pen import Pen
from murakkab_runtimes.image.motifs.registry import motif
from murakkab_runtimes.image.palettes import lighter, mix


@motif("arches", "ground")
def arches(pen: Pen) -> None:
    """Nested arches of paper to both sides."""
    for x, top in ((pen.width * 0.12, 46), (pen.width * 0.88, 40), (pen.width * 0.5, 74)):
        tones = (pen.far, mix(pen.far, pen.mid, 0.5), pen.mid, mix(pen.mid, pen.near, 0.5), pen.near)
        for step, colour in enumerate(tones):
            half = 25 - step * 4.6
            y = top + step * 5.4
            pen.rect(x - half, y, 2 * half, 100, colour, half, shade=0.1)
    land(pen, ridge(pen, 84, 1.6, 0.5), pen.near)


@motif("ribbons", "ground")
def ribbons(pen: Pen) -> None:
    """Broad bands that swing through the picture."""
    tones = (mix(pen.low_light, pen.far, 0.6), pen.far, mix(pen.far, pen.mid, 0.6), pen.mid, pen.near)
    shift, swing = pen.chance.uniform(0, 6.3), pen.chance.uniform(6, 9)
    for step, colour in enumerate(tones):
        line = []
        for number in range(41):
            x = number / 40
            y = 50 + step * 9 - swing * math.sin(x * 5 + shift + step * 0.42) - (x - 0.5) * (12 - step * 5)
            line.append((x * (pen.width + 4) - 2, y))
        pen.line([(x, y + 1.1) for x, y in line], pen.dark, 1.2, 0.1)
        land(pen, line, colour, shade=0.14)
        pen.line(line, lighter(colour, 0.4), 0.35, 0.7)


@motif("paper", "ground")
def paper(pen: Pen) -> None:
    """Large cut-out leaves and stones along the lower edge."""
    land(pen, ridge(pen, 66, 4, 0.5), pen.far)
    for number in range(7):
        x = (number + pen.chance.uniform(0.2, 0.8)) * pen.width / 7
        colour = pen.chance.choice((pen.mid, mix(pen.mid, pen.near, 0.5), mix(pen.far, pen.mid, 0.5)))
        wide = pen.chance.uniform(9, 17)
        pen.oval(x + 1, 88, wide, wide * 0.9, pen.dark, 0.12, 0)
        pen.oval(x, 88, wide, wide * 0.9, colour, shade=0.18)
    land(pen, ridge(pen, 83, 2, 0.6), pen.near)


@motif("orbits", "ground")
def orbits(pen: Pen) -> None:
    """Rings around a point below the horizon, with beads on them."""
    x, y = pen.width / 2, 96
    for step, colour in enumerate(
        (mix(pen.far, pen.low_light, 0.4), pen.far, pen.mid, mix(pen.mid, pen.near, 0.5), pen.near)
    ):
        radius = 78 - step * 13
        pen.circle(x, y, radius * 1.05, colour, 0.9, shade=0.12)
        pen.ring(x, y, radius * 1.05, radius * 1.05, pen.light, 0.3, 0.4)
        angle = pen.chance.uniform(3.5, 5.9)
        pen.circle(x + radius * 1.05 * math.cos(angle), y + radius * 1.05 * math.sin(angle), 1.5, pen.light, shade=0.2)
