"""Objects in a landscape, as a picture book shows them: on a knoll in front, in the air, or on the water."""

from __future__ import annotations

import skia

from murakkab_runtimes.image.motifs.pen import Pen
from murakkab_runtimes.image.motifs.repertoire import MOTIFS
from murakkab_runtimes.image.palettes import mix
from murakkab_runtimes.image.words import stem

_AIRBORNE = "balloon bird butterfly bee comet bolt plane kite snowflake raindrop rocket satellite planet feather"
AIRBORNE = frozenset(_AIRBORNE.split())
AFLOAT = frozenset(("whale", "fish", "ship"))
FOOT = 0.41
"""Where a drawing's foot is, as a share of its size below its middle."""

MOST = 3
_TELLING = "child dinosaur bird cat dog crown lantern runner palette robot ship train castle portrait"
TELLING = frozenset(_TELLING.split())
"""Who and what stands in a picture for a word that is not its name, such as a child for "girl"."""

_PLACES = ((0.47, 45.0), (0.79, 29.0), (0.17, 27.0))
"""Where objects stand (a share of the width) and how large they are, the first one first."""


def cast(names: list[str], words: list[str]) -> tuple[str, ...]:
    """Of the objects that fit, those that the words name or that tell of someone; ``words`` are stems."""
    named = [name for name in names if stem(name) in words]
    telling = [name for name in names if name in TELLING and name not in named]
    return (*named, *telling[: max(0, 2 - len(named))])[:MOST]


def draw_standing(pen: Pen, names: tuple[str, ...]) -> None:
    """Draw up to three objects; the side of the second is the pen's choice."""
    mirrored = pen.chance.random() < 0.5
    if any(name not in AIRBORNE | AFLOAT for name in names[:MOST]):
        _knoll(pen)
    for name, (share, size) in reversed(list(zip(names[:MOST], _PLACES, strict=False))):
        x = (1 - share if mirrored else share) * pen.width
        _one(pen, name, x, size)


def _one(pen: Pen, name: str, x: float, size: float) -> None:
    if name in AIRBORNE:
        y = 33 + pen.chance.uniform(-3, 3)
        pen.halo(x, y, size * 0.75, pen.glow, 0.35)
    else:
        foot = 70.0 if name in AFLOAT else _ground_at(pen, x) + (46 - size) * 0.06
        y = foot - FOOT * size
        pen.halo(x, y, size * 0.8, pen.glow, 0.4)
        pen.oval(x, foot, size * 0.36, size * 0.05, pen.dark, 0.35, 0)
    with pen.at(x, y, size):
        MOTIFS[name].draw(pen)


def _ground_at(pen: Pen, x: float) -> float:
    """Height of the knoll's back at ``x``."""
    off = (x / pen.width - 0.5) * 2
    return 77.5 + 5.5 * off * off


def _knoll(pen: Pen) -> None:
    """A round foreground from edge to edge, with a lit rim."""
    path = skia.Path()
    path.moveTo(0, 90)
    steps = 24
    for step in range(steps + 1):
        x = pen.width * step / steps
        path.lineTo(x, _ground_at(pen, x) - 2.5)
    path.lineTo(pen.width, 90)
    path.close()
    pen.fill(path, mix(pen.near, pen.mid, 0.3), 1.0, 0.22)
    rim = [(pen.width * step / steps, _ground_at(pen, pen.width * step / steps) - 2.5) for step in range(steps + 1)]
    pen.line(rim, mix(pen.mid, pen.glow, 0.5), 0.5, 0.7)
