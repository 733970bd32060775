"""Boxes of an SVG drawing: what a node does, its inputs and its condition."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from html import escape

from .layout import Point, Size
from .sketch import Box, Kind

BOX_RADIUS = 11
CHIP_HEIGHT = 18.0
_WIDEST = 250.0

ICONS: dict[Kind, str] = {
    "text": "M2 4h12M2 8h12M2 12h8",
    "sound": "M2 6v4M5 3.5v9M8 1.5v13M11 4v8M14 6.5v3",
    "image": "M1.5 2.5h13v11h-13zM2 11.5l3.8-4 3 3 2-2 3.5 3.5M10.5 6h.01",
    "video": "M1.5 3.5h9v9h-9zM10.5 7l4-2.5v7l-4-2.5",
    "document": "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3M6 8h4M6 11h4",
    "tool": (
        "M10 2a3.8 3.8 0 0 0-3.6 5L1.8 11.6a1.7 1.7 0 0 0 2.5 2.5L9 9.5A3.8 3.8 0 0 0 14 5l-2.4 1.8-2.3-2.3L11 2z"
    ),
    "function": "M5 3.5L1.5 8 5 12.5M11 3.5L14.5 8 11 12.5M9.3 2.5l-2.6 11",
    "value": (
        "M6 2.5c-2 0-2 .8-2 2.5S4 7.5 2.5 8C4 8.5 4 9.3 4 11s0 2.5 2 2.5"
        "M10 2.5c2 0 2 .8 2 2.5s0 2.5 1.5 3c-1.5.5-1.5 1.3-1.5 3s0 2.5-2 2.5"
    ),
}
"""Lines of 16 x 16 icons, by what a node makes."""


def text_width(text: str, size: float) -> float:
    """About how wide a text is in pixels, in a sans-serif type of a size."""
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WF" else _advance(c) for c in text)


def _advance(character: str) -> float:
    if character in " ijlftr.,:;'|!()[]-":
        return 0.36
    return 0.86 if character in "mwMW@" else 0.68 if character.isupper() else 0.57


def shortened(text: str, length: int) -> str:
    """The text, cut to a number of characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def box_size(box: Box) -> Size:
    """Width and height of a box, its badges included."""
    widest = max(text_width(shortened(box.title, 30), 14.5) + 24, text_width(_does(box), 12), _row_width(box))
    if box.when:
        widest = max(widest, text_width(_when(box), 11) - 20)
    rows = len(_chip_rows(box))
    height = 54 + rows * (CHIP_HEIGHT + 4) + (4 if rows else 0) + (14 if box.when else 0)
    return max(132.0, widest + 44), height


def draw_box(box: Box, centre: Point) -> Iterator[str]:
    """Draw a box around its centre."""
    width, height = box_size(box)
    left, top = centre[0] - width / 2, centre[1] - height / 2
    if box.when:
        top, height = top + 14, height - 14
    yield f'<g class="{box.kind}">'
    if box.repeated:
        for step in (8, 4):
            yield _rect("under", left + step, top + step, width - 2 * step, height)
    conditional = " conditional" if box.when else ""
    yield _rect(f"box{conditional}", left, top, width, height)
    yield f'<path class="side" d="M{left + 4:.1f} {top + 12:.1f}v{height - 24:.1f}"/>'
    yield f'<path class="icon" transform="translate({left + 17:.1f} {top + 12:.1f})" d="{ICONS[box.kind]}"/>'
    yield f'<text class="name" x="{left + 41:.1f}" y="{top + 25:.1f}">{escape(shortened(box.title, 30))}</text>'
    yield f'<text class="does" x="{left + 18:.1f}" y="{top + 44:.1f}">{escape(_does(box))}</text>'
    yield from _chips(box, left + 17, top + 53)
    yield "</g>"
    if box.when:
        yield from _badge(_when(box), centre[0], top - 5)


def output_size(name: str) -> Size:
    """Width and height of an output."""
    return max(96.0, text_width(shortened(name, 30), 13) + 52), 34.0


def draw_output(name: str, centre: Point) -> Iterator[str]:
    """Draw an output around its centre."""
    width, height = output_size(name)
    yield _rect("output", centre[0] - width / 2, centre[1] - height / 2, width, height, radius=height / 2)
    yield _centred("output-text", centre[0], centre[1] + 4.5, shortened(name, 30))


def _does(box: Box) -> str:
    return shortened(f"{box.does} · in order" if box.ordered else box.does, 42)


def _when(box: Box) -> str:
    return f"if {shortened(box.when, 48)}"


def _chip_rows(box: Box) -> list[list[str]]:
    """Inputs in rows that are not too wide."""
    rows: list[list[str]] = []
    for name in box.inputs:
        chip = shortened(name, 24)
        if rows and sum(_chip_width(c) + 5 for c in [*rows[-1], chip]) <= _WIDEST:
            rows[-1].append(chip)
        else:
            rows.append([chip])
    return rows


def _row_width(box: Box) -> float:
    return max((sum(_chip_width(c) + 5 for c in row) for row in _chip_rows(box)), default=0.0) - 8


def _chip_width(chip: str) -> float:
    return text_width(chip, 11) + 14


def _chips(box: Box, left: float, top: float) -> Iterator[str]:
    for row in _chip_rows(box):
        x = left
        for chip in row:
            width = _chip_width(chip)
            yield _rect("chip", x, top, width, CHIP_HEIGHT, radius=CHIP_HEIGHT / 2)
            middle = x + width / 2
            yield _centred("chip-text", middle, top + 13, chip)
            x += width + 5
        top += CHIP_HEIGHT + 4


def _badge(text: str, middle: float, centre: float) -> Iterator[str]:
    width = text_width(text, 11) + 18
    yield _rect("badge", middle - width / 2, centre - 9, width, 18, radius=9)
    yield _centred("badge-text", middle, centre + 4, text)


def _centred(kind: str, x: float, y: float, text: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>'


def _rect(kind: str, x: float, y: float, width: float, height: float, radius: float = BOX_RADIUS) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:g}"/>'
