"""A workflow as an SVG drawing that can be read on light and on dark grounds."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import pairwise

from .boxes import BOX_RADIUS, box_size, draw_box, draw_output, output_size, text_width
from .layout import Layout, Point, Size, lay_out
from .legend import draw_legend
from .sketch import Frame, Link, Picture

MARGIN, HEAD, FRAME_PAD, FRAME_HEAD = 34.0, 84.0, 22.0, 46.0
LEAST_WIDTH, ABOUT_LINE = 420.0, 18
ABOUT_ADVANCE = 7.2
"""About how wide a character of the description is."""

TIP = 9.0
"""Length of an arrow's tip."""


def draw(picture: Picture) -> str:
    """The text of an SVG file."""
    drawing = _Drawing(picture)
    extent = drawing.extents[""]
    inner = max(extent[0], text_width(picture.title, 21), LEAST_WIDTH)
    about = textwrap.wrap(picture.description, int(inner / ABOUT_ADVANCE), max_lines=2, placeholder="…")
    top = HEAD + ABOUT_LINE * max(len(about) - 1, 0)
    legend, legend_height = draw_legend(picture, (MARGIN, top + extent[1] + MARGIN), inner)
    width, height = inner + 2 * MARGIN, top + extent[1] + MARGIN + legend_height + MARGIN / 2
    style = files("murakkab.drawing").joinpath("style.css").read_text(encoding="utf-8")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" role="img" aria-label="{escape(f"Workflow {picture.title}")}">',
        f"<title>{escape(f'{picture.title}: {picture.description}')}</title>",
        f"<style>{style.strip()}</style>",
        f'<rect class="page" x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="18"/>',
        f'<text class="title" x="{MARGIN}" y="42">{escape(picture.title)}</text>',
        *(
            f'<text class="about" x="{MARGIN}" y="{63 + ABOUT_LINE * n}">{escape(t)}</text>'
            for n, t in enumerate(about)
        ),
        f'<g transform="translate({(inner - extent[0]) / 2:.1f} 0)">',
        *drawing.level("", (MARGIN, top)),
        "</g>",
        *legend,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _about_lines(about: Sequence[str]) -> Iterator[str]:
    for number, line in enumerate(about):
        yield f'<text class="about" x="{MARGIN}" y="{63 + ABOUT_LINE * number}">{escape(line)}</text>'


class _Drawing:
    """Draws a picture level by level: what stands inside no frame, and the inside of each frame."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.boxes = {box.name: box for box in picture.boxes}
        self.frames = {frame.name: frame for frame in picture.frames}
        self.layouts: dict[str, Layout] = {}
        self.extents: dict[str, Size] = {}
        self.links: dict[str, list[Link]] = defaultdict(list)
        for link in picture.links:
            level, projected = self._project(link)
            if projected.source != projected.target and projected not in self.links[level]:
                self.links[level].append(projected)
        self._lay_out("")

    def _project(self, link: Link) -> tuple[str, Link]:
        """The innermost frame around both ends, and the link between what stands in it."""
        above = [*self._above(link.source)]
        level = next(frame for frame in self._above(link.target) if frame in above)
        source, target = self._below(link.source, level), self._below(link.target, level)
        return level, Link(source, target, link.flow, link.item)

    def _above(self, name: str) -> Iterator[str]:
        while name:
            name = self.picture.parent(name)
            yield name

    def _below(self, name: str, level: str) -> str:
        while (parent := self.picture.parent(name)) != level:
            name = parent
        return name

    def _lay_out(self, level: str) -> Size:
        sizes: dict[str, Size] = {}
        for frame in self.frames.values():
            if self.picture.parent(frame.name) == level:
                inner = self._lay_out(frame.name)
                least = text_width(f"{frame.title}  {_note(frame)}", 13) + 60
                sizes[frame.name] = (max(inner[0] + 2 * FRAME_PAD, least), inner[1] + FRAME_HEAD + FRAME_PAD)
        order = [node for node in self.boxes if self.picture.parent(node) == level]
        sizes |= {name: box_size(self.boxes[name]) for name in order}
        if not level:
            sizes |= {f"output:{name}": output_size(name) for name in self.picture.outputs}
        self.sizes = getattr(self, "sizes", {}) | sizes
        edges = [(link.source, link.target) for link in self.links[level]]
        self.layouts[level] = lay_out(sizes, edges)
        self.extents[level] = (self.layouts[level].width, self.layouts[level].height)
        return self.extents[level]

    def level(self, name: str, corner: Point) -> Iterator[str]:
        """Everything inside a frame whose inside begins at ``corner``."""
        layout = self.layouts[name]
        centres = {item: (corner[0] + x, corner[1] + y) for item, (x, y) in layout.centres.items()}
        for item, centre in centres.items():
            if item in self.frames:
                yield from self._frame(self.frames[item], centre)
        yield f'<g class="{"in-frame" if name else "top"}">'
        yield from self._lines(name, centres, layout, corner)
        for item, centre in centres.items():
            if item in self.boxes:
                yield from draw_box(self.boxes[item], centre)
            elif item not in self.frames:
                yield from draw_output(item.partition(":")[2], centre)
        yield "</g>"

    def _frame(self, frame: Frame, centre: Point) -> Iterator[str]:
        width, height = self.sizes[frame.name]
        left, top = centre[0] - width / 2, centre[1] - height / 2
        yield (
            f'<rect class="frame {frame.kind}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
            f' rx="{BOX_RADIUS + 6}"/>'
        )
        sign = "↻" if frame.kind == "loop" else "▣"
        yield (
            f'<text class="frame-name" x="{left + 18:.1f}" y="{top + 25:.1f}">{sign} {escape(frame.title)}'
            f'<tspan class="note" dx="8">{escape(_note(frame))}</tspan></text>'
        )
        spare = width - self.extents[frame.name][0]
        yield from self.level(frame.name, (left + spare / 2, top + FRAME_HEAD))

    def _lines(self, level: str, centres: Mapping[str, Point], layout: Layout, corner: Point) -> Iterator[str]:
        links = self.links[level]
        paths = {}
        for link in links:
            bends = [(corner[0] + x, corner[1] + y) for x, y in layout.bends.get((link.source, link.target), [])]
            paths[link] = [centres[link.source], *bends, centres[link.target]]
        leaves = self._ports(links, paths, level_end=0)
        enters = self._ports(links, paths, level_end=-1)
        labels = _Labels()
        for link in sorted(links, key=lambda link: link.flow == "each"):
            points = [leaves[link], *paths[link][1:-1], enters[link]]
            yield from _line(link, points)
            if link.item:
                labels.add(link.item, points)
        yield from labels.drawn

    def _ports(self, links: Sequence[Link], paths: Mapping[Link, list[Point]], level_end: int) -> dict[Link, Point]:
        """Where each link leaves (``level_end`` 0) or enters (-1) its item: spread over the edge, by where they go."""
        groups: dict[str, list[Link]] = defaultdict(list)
        for link in links:
            groups[link.target if level_end else link.source].append(link)
        ports: dict[Link, Point] = {}
        for item, members in groups.items():
            x, y = paths[members[0]][level_end]
            width, height = self.sizes[item]
            span = min(width * 0.62, 34.0 * (len(members) - 1))
            members.sort(key=lambda link: paths[link][-2 if level_end else 1][0])
            for number, link in enumerate(members):
                share = number / (len(members) - 1) - 0.5 if len(members) > 1 else 0.0
                ports[link] = (x + span * share, y + (-height / 2 if level_end else height / 2))
        return ports


def _note(frame: Frame) -> str:
    return f"{frame.note}, if {frame.when}" if frame.when else frame.note


def _line(link: Link, points: Sequence[Point]) -> Iterator[str]:
    end = (points[-1][0], points[-1][1] - TIP + 1)
    path = _curve([*points[:-1], end])
    if link.flow == "each":
        yield f'<path class="stream" d="{path}"/><path class="stream-core" d="{path}"/>'
    else:
        yield f'<path class="line {link.flow}" d="{path}"/>'
    x, y = points[-1]
    half = TIP * (0.72 if link.flow == "each" else 0.5)
    shape = f"M{x:.1f} {y:.1f}l{-half:.1f} {-TIP - 1:.1f}h{2 * half:.1f}z"
    yield f'<path class="{"tip-stream" if link.flow == "each" else "tip"}" d="{shape}"/>'


def _curve(points: Iterable[Point]) -> str:
    """A smooth line downwards through the points."""
    points = list(points)
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        reach = (y1 - y0) / 2
        parts.append(f"C{x0:.1f} {y0 + reach:.1f} {x1:.1f} {y1 - reach:.1f} {x1:.1f} {y1:.1f}")
    return "".join(parts)


class _Labels:
    """The names of items on their lines; none covers another."""

    def __init__(self) -> None:
        self.drawn: list[str] = []
        self._places: list[tuple[Point, float]] = []

    def add(self, item: str, points: Sequence[Point]) -> None:
        """Name the items of a line where there is room first; a line without room goes without."""
        width = text_width(item, 12) + 12
        for (x0, y0), (x1, y1) in pairwise(points):
            middle = ((x0 + x1) / 2, (y0 + y1) / 2)
            if all(_apart(middle, width, place, other) for place, other in self._places):
                self._places.append((middle, width))
                self.drawn.append(_label(item, middle, width))
                return


def _apart(one: Point, width: float, other: Point, other_width: float) -> bool:
    return abs(one[0] - other[0]) >= (width + other_width) / 2 or abs(one[1] - other[1]) >= 20


def _label(item: str, middle: Point, width: float) -> str:
    x, y = middle
    return (
        f'<rect class="item-ground" x="{x - width / 2:.1f}" y="{y - 9:.1f}" width="{width:.1f}" height="18" rx="9"/>'
        f'<text class="item" x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{escape(item)}</text>'
    )
