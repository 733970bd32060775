"""The adapter ``drawn-slide``: a slide laid out and drawn, its pieces apart so that they can appear one by one."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import skia

from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.image.rich import Look, lay_out
from murakkab_runtimes.image.scene import sides, write_png
from murakkab_runtimes.image.slide_blocks import WIDE, Draw, Piece, Setting, pieces
from murakkab_runtimes.image.themes import DEFAULT, THEMES, Theme, ground, ornament
from murakkab_runtimes.image.type import argb

LEFT, TOP, BODY_TOP, BOTTOM = 38.0, 26.0, 84.0, 302.0
"""Edges in units of 1/360 of the height; captions stand below ``BOTTOM``."""

SCALES = (1.25, 1.16, 1.08, 1.0, 0.92, 0.85, 0.78, 0.72, 0.66, 0.6, 0.54, 0.48, 0.42)
SPLIT = 0.47
"""Share of the width that the text takes beside a picture, table or code."""

BREATH = 0.16
"""Share of the free height that is left above the body."""


class DrawnSlide(Runtime):
    """Draws one slide.

    Arguments: slide (see ``tools.slides``), width, height in pixels, theme (one of ``THEMES``, or ``auto``: by seed).
    Value: ``{"image": PNG of the whole slide, "ground": PNG, larger than the canvas, "layers": [{"image": PNG with
    transparency, "x", "y", "step"}], "palette", "theme", "drawn": true}``; step 0 is always shown.
    """

    def run(self, task: Task) -> Output:
        """Draw one slide; equal arguments give equal bytes.

        Raises:
            InputError: the size or the theme is not supported.
        """
        width, height = sides(task.arguments)
        slide = task.arguments["slide"]
        name, theme = _theme(task.arguments.get("theme") or DEFAULT, task.seed)
        placed = arrange(slide, theme, width, height, task.seed)
        below = ground(theme, width, height)
        files = {name: task.scratch / f"{name}.png" for name in ("ground", "image")}
        write_png(below, files["ground"])
        write_png(flat(below, placed, width, height), files["image"])
        layers = [_layer(step, group, task.scratch, (width, height)) for step, group in _by_step(placed).items()]
        return Output({**files, "layers": layers, "palette": theme.palette(), "theme": name, "drawn": True})

    def warm(self) -> None:
        """Lay a line out, so that the fonts are loaded."""
        lay_out([{"text": "Warm up"}], Look(20, "#ffffff"), 300)


@dataclass(frozen=True)
class Placed:
    """A piece at its place, in pixels."""

    step: int
    x: float
    y: float
    width: float
    height: float
    draw: Draw


def arrange(slide: Mapping[str, Any], theme: Theme, width: int, height: int, seed: int) -> list[Placed]:
    """Lay a slide out on a canvas."""
    unit = height / 360
    if slide["kind"] == "title":
        return [*_lead(slide, theme, width, height), _footer(slide, theme, width, height)]
    top = BODY_TOP if slide["title"] else TOP + 10
    head = [_title(slide, theme, width, unit)] if slide["title"] else []
    if head:
        top = max(top, (head[0].y + head[0].height) / unit + 12)
    return [
        *head,
        *_body(slide["blocks"], theme, (LEFT, top), (width, height), seed),
        _footer(slide, theme, width, height),
    ]


def flat(below: skia.Image, placed: Sequence[Placed], width: int, height: int) -> skia.Image:
    """The whole slide as one picture."""
    surface = skia.Surface(width, height)
    with surface as canvas:
        canvas.drawImage(below, (width - below.width()) / 2, (height - below.height()) / 2)
        for piece in placed:
            piece.draw(canvas, piece.x, piece.y)
    return surface.makeImageSnapshot()


def _theme(name: object, seed: int) -> tuple[str, Theme]:
    if name == "auto":
        name = random.Random(f"theme {seed}").choice(sorted(THEMES))
    if not isinstance(name, str) or name not in THEMES:
        raise InputError(f"the theme '{name}' is unknown; choose auto or one of: {', '.join(THEMES)}")
    return name, THEMES[name]


def _title(slide: Mapping[str, Any], theme: Theme, width: int, unit: float) -> Placed:
    room = width - 2 * LEFT * unit
    text, size = lay_out([{"text": slide["title"]}], Look(25 * unit, theme.ink, weight=700, leading=1.18), room), 25.0
    while text.height > 62 * unit and size > 12:
        size *= 0.92
        text = lay_out([{"text": slide["title"]}], Look(size * unit, theme.ink, weight=700, leading=1.18), room)

    def draw(canvas: skia.Canvas, x: float, y: float) -> None:
        text.draw(canvas, x, y)
        _bar(canvas, x, y + text.height + 5 * unit, 34 * unit, 3.5 * unit, theme.accent)

    return Placed(0, LEFT * unit, TOP * unit, room, text.height + 10 * unit, draw)


def _lead(slide: Mapping[str, Any], theme: Theme, width: int, height: int) -> list[Placed]:
    """A title slide: large words at the left, in the middle of the height."""
    unit = height / 360
    room = width * 0.66
    size = 38.0
    while True:
        head = lay_out([{"text": slide["title"]}], Look(size * unit, theme.ink, weight=700, leading=1.15), room)
        if head.height <= 150 * unit or size < 15:
            break
        size *= 0.93
    lines = [lay_out(b["runs"], Look(17 * unit, theme.muted, theme.accent2), room) for b in slide["blocks"]]
    lines = [line for line in lines if line.width > 0]
    author = str(slide["author"]) if slide["index"] == 0 else ""
    by = lay_out([{"text": author}], Look(12 * unit, theme.accent, weight=600), room) if author else None
    total = head.height + sum(line.height + 10 * unit for line in lines) + (by.height + 14 * unit if by else 0)
    x, y = LEFT * 1.25 * unit, max(24 * unit, (height * 0.92 - total) / 2)

    def draw_head(canvas: skia.Canvas, x: float, y: float) -> None:
        _bar(canvas, x, y - 18 * unit, 52 * unit, 5 * unit, theme.accent)
        head.draw(canvas, x, y)

    shapes = Placed(0, 0, 0, width, height, lambda canvas, _x, _y: ornament(canvas, theme, width, height))
    placed = [shapes, Placed(0, x, y, room, head.height, draw_head)]
    y += head.height + 10 * unit
    for block, line in zip(slide["blocks"], lines, strict=False):
        placed.append(Placed(block["step"], x, y, room, line.height, line.draw))
        y += line.height + 10 * unit
    if by is not None:
        placed.append(Placed(0, x, y + 4 * unit, room, by.height, by.draw))
    return placed


def _body(
    blocks: Sequence[Mapping[str, Any]], theme: Theme, corner: tuple[float, float], canvas: tuple[int, int], seed: int
) -> list[Placed]:
    """All blocks at the largest scale at which they fit, in one column or two, whichever makes them larger."""
    one = _fitted([blocks], [1.0], theme, corner, canvas, seed)
    words = [b for b in blocks if b["kind"] not in WIDE]
    wide = [b for b in blocks if b["kind"] in WIDE]
    if not words or not wide:
        return one[1]
    shares = [SPLIT, 1 - SPLIT]
    two = _fitted([words, wide], shares, theme, corner, canvas, seed)
    pictured = any(b["kind"] == "image" for b in wide)
    return two[1] if two[0] > one[0] + (0 if pictured else 0.1) or (pictured and two[0] >= 0.7) else one[1]


def _fitted(
    columns: Sequence[Sequence[Mapping[str, Any]]], shares: Sequence[float], theme: Theme, corner: tuple[float, float],
    canvas: tuple[int, int], seed: int,
) -> tuple[float, list[Placed]]:  # fmt: skip
    unit = canvas[1] / 360
    room, tall = canvas[0] - 2 * LEFT * unit, (BOTTOM - corner[1]) * unit
    space = 18 * unit if len(columns) > 1 else 0.0
    found: list[Placed] = []
    scale = SCALES[0]
    for scale in SCALES:
        laid, x = [], corner[0] * unit
        for blocks, share in zip(columns, shares, strict=True):
            width = room * share - space / 2
            others = sum(
                _height(pieces(b, _at(theme, unit * scale, width, tall, seed))) for b in blocks if b["kind"] != "image"
            )
            at = _at(theme, unit * scale, width, max(tall - others - 12 * unit, tall * 0.3), seed)
            laid.append((x, [piece for block in blocks for piece in pieces(block, at)]))
            x += width + space
        if all(_height(column) <= tall and max((p.width for p in column), default=0) <= room + 1 for _, column in laid):
            break
    for x, column in laid:
        found += _stacked(column, x, corner[1] * unit, tall)
    return scale * min((piece.shrunk for _, column in laid for piece in column), default=1.0), found


def _at(theme: Theme, unit: float, room: float, tall: float, seed: int) -> Setting:
    return Setting(theme, unit, room, tall, seed)


def _height(column: Sequence[Piece]) -> float:
    return sum(piece.height + (piece.gap if number else 0) for number, piece in enumerate(column))


def _stacked(column: Sequence[Piece], x: float, top: float, tall: float) -> list[Placed]:
    """One piece below the other; what does not fit at the smallest scale is left out."""
    y = top + max(0.0, tall - _height(column)) * BREATH
    placed: list[Placed] = []
    for number, piece in enumerate(column):
        y += piece.gap if number else 0
        if y + piece.height > top + tall + 1 and placed:
            break
        placed.append(Placed(piece.step, x, y, piece.width, piece.height, piece.draw))
        y += piece.height
    return placed


def _footer(slide: Mapping[str, Any], theme: Theme, width: int, height: int) -> Placed:
    """The lecture's title, the slide's number, and how far the lecture is."""
    unit = height / 360
    style = Look(9.5 * unit, theme.muted)
    number = lay_out([{"text": f"{slide['index'] + 1} / {slide['count']}"}], style, 1e6)
    title = lay_out([{"text": slide["lecture"] if slide["index"] else ""}], style, 1e6)

    def draw(canvas: skia.Canvas, x: float, y: float) -> None:
        title.draw(canvas, LEFT * unit, y)
        number.draw(canvas, width - LEFT * unit - number.width, y)
        canvas.drawRect(skia.Rect.MakeXYWH(0, height - 3 * unit, width, 3 * unit), _paint(theme.muted, 0.2))
        share = (slide["index"] + 1) / slide["count"]
        canvas.drawRect(skia.Rect.MakeXYWH(0, height - 3 * unit, width * share, 3 * unit), _paint(theme.accent))

    return Placed(0, 0, height - 22 * unit, width, 22 * unit, draw)


def _by_step(placed: Sequence[Placed]) -> dict[int, list[Placed]]:
    steps: dict[int, list[Placed]] = {}
    for piece in sorted(placed, key=lambda piece: piece.step):
        steps.setdefault(piece.step, []).append(piece)
    return steps


def _layer(step: int, group: Sequence[Placed], folder: Path, canvas: tuple[int, int]) -> dict[str, Any]:
    """The pieces of one step on a transparent picture that is just large enough."""
    slack = 24 * canvas[1] / 360
    left = max(0, int(min(p.x for p in group) - slack))
    top = max(0, int(min(p.y for p in group) - slack))
    right = min(canvas[0], int(max(p.x + p.width for p in group) + slack))
    bottom = min(canvas[1], int(max(p.y + p.height for p in group) + slack))
    surface = skia.Surface(max(1, right - left), max(1, bottom - top))
    with surface as board:
        board.clear(0)
        board.translate(-left, -top)
        for piece in group:
            piece.draw(board, piece.x, piece.y)
    path = folder / f"layer-{step}.png"
    surface.makeImageSnapshot().save(str(path), skia.kPNG)
    return {"image": path, "x": left, "y": top, "step": step}


def _bar(canvas: skia.Canvas, x: float, y: float, width: float, height: float, colour: str) -> None:
    canvas.drawRoundRect(skia.Rect.MakeXYWH(x, y, width, height), height / 2, height / 2, _paint(colour))


def _paint(colour: str, alpha: float = 1.0) -> skia.Paint:
    return skia.Paint(Color=argb(colour, alpha), AntiAlias=True)
