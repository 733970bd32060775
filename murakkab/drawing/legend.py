"""The legend of an SVG drawing: only what the drawing holds."""

from __future__ import annotations

from collections.abc import Iterator

from .boxes import text_width
from .layout import Point
from .sketch import Picture

ROW = 24.0
_SIGN = 34.0


def draw_legend(picture: Picture, corner: Point, width: float) -> tuple[list[str], float]:
    """The lines of the legend and its height."""
    x, y = corner
    drawn = ['<g class="legend">']
    for sign, words in _entries(picture):
        needed = _SIGN + text_width(words, 11.5) + 22
        if x + needed > corner[0] + width and x > corner[0]:
            x, y = corner[0], y + ROW
        drawn.append(f'<g transform="translate({x:.1f} {y:.1f})">{sign}')
        drawn.append(f'<text x="{_SIGN}" y="4">{words}</text></g>')
        x += needed
    return [*drawn, "</g>"], y - corner[1] + ROW


def _entries(picture: Picture) -> Iterator[tuple[str, str]]:
    """Sign (drawn around (13, 0)) and words of each entry."""
    flows = {link.flow for link in picture.links}
    if any(box.inputs for box in picture.boxes):
        yield '<rect class="chip" x="2" y="-8" width="24" height="16" rx="8"/>', "an input of the workflow"
    if "each" in flows:
        yield '<path class="stream" d="M2 0h24"/><path class="stream-core" d="M2 0h24"/>', "a stream: item by item"
    if "one" in flows:
        yield '<path class="line" d="M2 0h24"/>', "a value"
    if "all" in flows:
        yield '<path class="line all" d="M2 0h24"/>', "the list of all items"
    if any(box.repeated for box in picture.boxes):
        stack = "".join(f'<rect class="{c}" x="{x}" y="{y}" width="20" height="12" rx="4"/>' for c, x, y in _STACK)
        yield stack, "runs for each item"
    if any(box.when for box in picture.boxes):
        yield '<rect class="badge" x="2" y="-8" width="24" height="16" rx="8"/>', "only if it holds"


_STACK = (("under", 6, -4), ("box", 3, -8))
