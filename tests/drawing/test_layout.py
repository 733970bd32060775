from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from murakkab.drawing.layout import GAP_X, Layout, lay_out

Boxes = dict[str, tuple[float, float]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Boxes, list[tuple[str, str]]]:
    names = [f"n{number}" for number in range(draw(st.integers(1, 14)))]
    side = st.integers(20, 400).map(float)
    pairs = list(combinations(names, 2))
    return {name: (draw(side), draw(side)) for name in names}, draw(
        st.lists(st.sampled_from(pairs), max_size=30)
    ) if pairs else []


def _overlap(layout: Layout, sizes: Boxes, one: str, other: str) -> bool:
    (x, y), (u, v) = layout.centres[one], layout.centres[other]
    (w, h), (a, b) = sizes[one], sizes[other]
    return abs(x - u) < (w + a) / 2 - 1e-6 and abs(y - v) < (h + b) / 2 - 1e-6


@settings(max_examples=60)
@given(graphs())
def test_boxes_stand_apart_inside_and_lines_go_down(graph: tuple[Boxes, list[tuple[str, str]]]) -> None:
    sizes, edges = graph
    layout = lay_out(sizes, edges)
    assert set(layout.centres) == set(sizes)
    assert not any(_overlap(layout, sizes, *pair) for pair in combinations(sizes, 2))
    for name, (x, y) in layout.centres.items():
        width, height = sizes[name]
        assert -1e-6 <= x - width / 2 <= x + width / 2 <= layout.width + 1e-6
        assert -1e-6 <= y - height / 2 <= y + height / 2 <= layout.height + 1e-6
    for source, target in edges:
        ys = [layout.centres[source][1], *(y for _, y in layout.bends[source, target]), layout.centres[target][1]]
        assert ys == sorted(set(ys))


def test_the_same_graph_is_laid_out_the_same() -> None:
    sizes = dict.fromkeys("abcdef", (100.0, 50.0))
    edges = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d")]
    assert lay_out(sizes, edges) == lay_out(sizes, edges)


def test_a_long_line_passes_beside_the_boxes_between_its_ends() -> None:
    sizes = dict.fromkeys("abc", (100.0, 50.0))
    layout = lay_out(sizes, [("a", "b"), ("b", "c"), ("a", "c")])
    ((x, y),) = layout.bends["a", "c"]
    assert y == pytest.approx(layout.centres["b"][1])
    assert abs(x - layout.centres["b"][0]) >= 50 + GAP_X


def test_nothing_takes_no_room() -> None:
    assert lay_out({}, []) == Layout()
