"""Objects drawn as SVG files: one file a motif, in ``drawings/``.

A file is drawn in a box of 200 x 200 with the light from the left and its foot at the height 182. Its colours are those
of ``TONES``; each stands for a role and is replaced by a colour of the scene's family. ``<desc>`` holds the words that
call for it, its name among them.
"""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path

import skia

from murakkab_runtimes.image.motifs.pen import Pen
from murakkab_runtimes.image.motifs.registry import motif
from murakkab_runtimes.image.palettes import Family, darker, lighter, mix, rgb

FOLDER = Path(__file__).parent / "drawings"
SIDE = 200.0
TONES: dict[str, tuple[str, float]] = {
    "#e76f51": ("warm", 0.0),
    "#b8452c": ("warm", -0.3),
    "#f4a58a": ("warm", 0.45),
    "#2a9d8f": ("cool", 0.0),
    "#1c6e64": ("cool", -0.3),
    "#7fcac0": ("cool", 0.5),
    "#e9c46a": ("gold", 0.0),
    "#c79a35": ("gold", -0.22),
    "#f6e2ab": ("gold", 0.55),
    "#fdf6e7": ("light", 0.0),
    "#d9d2c0": ("light", -0.16),
    "#264653": ("dark", 0.0),
    "#3f6478": ("dark", 0.22),
    "#6b8a99": ("dark", 0.45),
}
"""Each colour that a file may use: its role and how much lighter (above 0) or darker it is."""

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_WORDS = re.compile(r"<desc>(.*?)</desc>")


@dataclass(frozen=True)
class Drawing:
    """One file, read.

    Attributes:
        name: of the motif and the file.
        svg: the text of the file.
        words: that call for the motif.

    """

    name: str
    svg: str
    words: tuple[str, ...]


@cache
def drawings(folder: Path = FOLDER) -> dict[str, Drawing]:
    """All drawings by name.

    Raises:
        ValueError: a file has no ``<desc>`` or a colour that is not in ``TONES``; the message names it.
    """
    return {path.stem: _read(path) for path in sorted(folder.glob("*.svg"))}


def words() -> dict[str, str]:
    """For each drawing, the words that call for it."""
    return {name: " ".join(drawing.words) for name, drawing in drawings().items()}


def colours(family: Family) -> dict[str, str]:
    """The colour of each role of ``TONES`` in a family, so that an apple stays warm and a leaf cool."""
    dark = darker(family.near, 0.5)
    return {
        "warm": _in_band(family, (0.0, 0.075), mix("#e8705a", family.mid, 0.12)),
        "gold": _in_band(family, (0.08, 0.17), mix("#f0c05a", family.glow, 0.2)),
        "cool": _in_band(family, (0.2, 0.8), mix("#2f9a95", family.mid, 0.35)),
        "light": family.light,
        "dark": dark,
    }


def draw(drawing: Drawing, pen: Pen) -> None:
    """Draw inside -50..50 in the colours of the pen's family."""
    with pen.at(-50, -50, 100 * 100 / SIDE):
        _dom(drawing.svg, pen.family).render(pen.canvas)


@lru_cache(64)
def _dom(svg: str, family: Family) -> skia.SVGDOM:
    found = {colour: _toned(colours(family)[role], amount) for colour, (role, amount) in TONES.items()}
    text = _COLOUR.sub(lambda match: found[match.group()], svg)
    dom = skia.SVGDOM.MakeFromStream(skia.MemoryStream(text.encode(), True))
    dom.setContainerSize(skia.Size(SIDE, SIDE))
    return dom


def _in_band(family: Family, band: tuple[float, float], otherwise: str) -> str:
    """The first accent that is not dark and whose hue (0..1) lies in the band."""
    for colour in (family.accent, family.accent2):
        hue, lightness, saturation = colorsys.rgb_to_hls(*rgb(colour))
        if saturation > 0.25 and lightness > 0.4 and (band[0] <= hue <= band[1] or (band[0] == 0 and hue > 0.93)):
            return colour
    return otherwise


def _toned(colour: str, amount: float) -> str:
    return lighter(colour, amount) if amount >= 0 else darker(colour, -amount)


def _read(path: Path) -> Drawing:
    svg = path.read_text(encoding="utf-8")
    described = _WORDS.search(svg)
    strange = sorted(set(_COLOUR.findall(svg)) - set(TONES))
    if described is None or strange:
        raise ValueError(f"{path}: {'colours without a role: ' + ', '.join(strange) if strange else 'no <desc>'}")
    return Drawing(path.stem, svg, tuple(described[1].split()))


for _drawing in drawings().values():
    motif(_drawing.name)(partial(draw, _drawing))
