"""The list of motifs and what there is to know of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from murakkab_runtimes.image.motifs.pen import Pen

Kind = Literal["ground", "sky", "object"]
Draw = Callable[[Pen], None]


@dataclass(frozen=True)
class Motif:
    """One thing that can be drawn.

    Attributes:
        name: unique.
        kind: ground fills the lower part of the picture, sky the upper one; an object stands alone in -50..50.
        draw: draws it with a pen.

    """

    name: str
    kind: Kind
    draw: Draw


MOTIFS: dict[str, Motif] = {}


def motif(name: str, kind: Kind = "object") -> Callable[[Draw], Draw]:
    """Register a drawing function.

    Raises:
        ValueError: the name is taken.
    """

    def register(draw: Draw) -> Draw:
        if name in MOTIFS:
            raise ValueError(f"the motif '{name}' is registered twice")
        MOTIFS[name] = Motif(name, kind, draw)
        return draw

    return register
