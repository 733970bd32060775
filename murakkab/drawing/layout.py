"""Where boxes and lines go: layers from top to bottom, the inside of a frame laid out like a picture of its own.

Ranks, the order inside a rank and the places where long lines pass between boxes come from fast-sugiyama; it knows no
sizes, so the coordinates are worked out here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeVar

from fast_sugiyama import Layouts, from_edges

GAP_X, GAP_Y = 30.0, 58.0
"""Pixels between boxes of a rank, and between ranks."""

LANE = 18.0
"""Width that a line takes which passes a rank."""

JOINT = "\0"
"""Begins the names of joints: the places where a long line passes a rank."""

_SWEEPS = 40
_T = TypeVar("_T", bound=Hashable)
Size = tuple[float, float]
Point = tuple[float, float]
Component = tuple[Any, float, float, Any]
"""Places, width, height and edges of a connected part, as the library gives them."""


@dataclass
class Layout:
    """Centres of items and the points that lines pass, in pixels; the upper left corner is (0, 0).

    Attributes:
        width: of the whole.
        height: of the whole.
        centres: item -> its centre.
        bends: (source, target) -> the points between the two where the line passes a rank.
    """

    width: float = 0.0
    height: float = 0.0
    centres: dict[str, Point] = field(default_factory=dict)
    bends: dict[tuple[str, str], list[Point]] = field(default_factory=dict)


def lay_out(sizes: Mapping[str, Size], edges: Sequence[tuple[str, str]]) -> Layout:
    """Place items of the given sizes (width, height) so that edges run downwards; parts without links stand apart.

    Args:
        sizes: of every item.
        edges: (source, target) without circles; both are among ``sizes``.
    """
    edges = list(dict.fromkeys(edges))
    linked = list(dict.fromkeys(end for edge in edges for end in edge))
    parts = [_part(sizes, linked, edges, part) for part in _components(linked, edges)]
    parts += [_placed([[item]], [], sizes) for item in sizes if item not in linked]
    whole = Layout()
    for part in parts:
        left = whole.width + 2 * GAP_X if whole.centres else 0.0
        whole.centres |= {item: (left + x, y) for item, (x, y) in part.centres.items()}
        whole.bends |= {edge: [(left + x, y) for x, y in bends] for edge, bends in part.bends.items()}
        whole.width, whole.height = left + part.width, max(whole.height, part.height)
    return whole


def _components(linked: list[str], edges: list[tuple[str, str]]) -> Layouts:
    """The layout of each connected part; items are given as numbers, so that it is always the same."""
    if not edges:
        return Layouts()
    numbers = {item: number for number, item in enumerate(linked)}
    return from_edges(
        [(numbers[source], numbers[target]) for source, target in edges],
        dummy_vertices=True,
        dummy_size=0.3,
        vertex_spacing=1,
        minimum_length=1,
        ranking_type="minimize",
    )


def _part(sizes: Mapping[str, Size], linked: list[str], edges: list[tuple[str, str]], part: Component) -> Layout:
    """One connected part: items and joints of long edges by rank, each edge as the chain that it goes through."""
    places, _, bottom, joints = part
    names = _Names(linked)
    ranks: dict[float, list[tuple[float, str]]] = defaultdict(list)
    for item, (x, y) in places:
        ranks[bottom - y].append((x, names[item]))
    steps: dict[str, list[str]] = defaultdict(list)
    for source, target in joints or ():
        steps[names[source]].append(names[target])
    chains = [_chain(source, target, steps) for source, target in edges if source in steps]
    return _placed([[item for _, item in sorted(ranks[y])] for y in sorted(ranks)], chains, sizes)


def _placed(ranks: list[list[str]], chains: list[list[str]], sizes: Mapping[str, Size]) -> Layout:
    extents = {item: sizes.get(item, (LANE, 0.0)) for rank in ranks for item in rank}
    xs = _columns(ranks, chains, {item: extent[0] for item, extent in extents.items()})
    ys, height = _rows(ranks, {item: extent[1] for item, extent in extents.items()})
    left = min(x - extents[item][0] / 2 for item, x in xs.items())
    right = max(x + extents[item][0] / 2 for item, x in xs.items())
    centres = {item: (x - left, ys[item]) for item, x in xs.items()}
    return Layout(
        width=right - left,
        height=height,
        centres={item: centre for item, centre in centres.items() if item in sizes},
        bends={(chain[0], chain[-1]): [centres[item] for item in chain[1:-1]] for chain in chains},
    )


class _Names:
    """What a number of the layout stands for; joints of long edges have numbers above those of all items."""

    def __init__(self, linked: list[str]) -> None:
        self._linked = linked

    def __getitem__(self, number: object) -> str:
        index = int(str(number))
        return self._linked[index] if index < len(self._linked) else f"{JOINT}{index}"


def _chain(source: str, target: str, steps: Mapping[str, list[str]]) -> list[str]:
    for step in steps[source]:
        chain = [source, step]
        while chain[-1].startswith(JOINT):
            chain.append(steps[chain[-1]][0])
        if chain[-1] == target:
            return chain
    return [source, target]


def _rows(ranks: Sequence[Sequence[str]], heights: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """Centre of each item from the top, and the height of all."""
    ys: dict[str, float] = {}
    top = 0.0
    for rank in ranks:
        tallest = max(heights[item] for item in rank)
        ys.update(dict.fromkeys(rank, top + tallest / 2))
        top += tallest + GAP_Y
    return ys, top - GAP_Y


def _columns(
    ranks: Sequence[Sequence[str]], chains: Sequence[Sequence[str]], widths: Mapping[str, float]
) -> dict[str, float]:
    """Centre of each item from the left: near the middle of what it is linked with, in the order of its rank."""
    neighbours: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for chain in chains:
        for one, other in pairwise(chain):
            straight = 8.0 if one.startswith(JOINT) and other.startswith(JOINT) else 1.0
            neighbours[one].append((other, straight))
            neighbours[other].append((one, straight))
    xs: dict[str, float] = {}
    for rank in ranks:
        xs.update(_apart(rank, dict.fromkeys(rank, 0.0), widths))
    for sweep in range(_SWEEPS):
        for rank in ranks if sweep % 2 else reversed(ranks):
            wanted = {item: _mean([(xs[n], w) for n, w in neighbours[item]], xs[item]) for item in rank}
            xs.update(_apart(rank, wanted, widths))
    return xs


def _mean(values: Iterable[tuple[float, float]], otherwise: float) -> float:
    values = list(values)
    weight = sum(w for _, w in values)
    return sum(x * w for x, w in values) / weight if weight else otherwise


def _apart(rank: Sequence[_T], wanted: Mapping[_T, float], widths: Mapping[_T, float]) -> dict[_T, float]:
    """Places as near to those wanted as the widths allow (least squares, by pooling neighbours that collide)."""
    offsets, offset = {}, 0.0
    for item, following in zip(rank, [*rank[1:], None], strict=True):
        offsets[item] = offset
        offset += (widths[item] + (widths[following] if following is not None else 0)) / 2 + GAP_X
    blocks: list[tuple[float, list[_T]]] = []
    for item in rank:
        blocks.append((wanted[item] - offsets[item], [item]))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, first), (other, second) = blocks[-2:]
            total = len(first) + len(second)
            blocks[-2:] = [((one * len(first) + other * len(second)) / total, first + second)]
    return {item: mean + offsets[item] for mean, items in blocks for item in items}
