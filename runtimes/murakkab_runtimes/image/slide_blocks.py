"""The blocks of a slide, laid out and ready to be drawn."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import skia

from murakkab_runtimes.image.rich import Look, Text, lay_out, lay_out_code
from murakkab_runtimes.image.scene import picture, plan
from murakkab_runtimes.image.themes import Theme
from murakkab_runtimes.image.type import argb

BODY, CODE, CELL = 18.0, 12.5, 14.0
"""Sizes of fonts at scale 1, in units of 1/360 of the height."""

INDENT, GAP, PAD = 21.0, 9.0, 11.0
MOST_LINES = 20
"""Lines of code that a slide shows."""

WIDER = 1.4
"""How much wider than their words the columns of a table become where there is room."""

WIDE = ("code", "table", "image")
"""Blocks that stand beside the text where there is room for a second column."""

Draw = Callable[[skia.Canvas, float, float], None]


@dataclass(frozen=True)
class Piece:
    """What appears at one step: its size in pixels, the distance to what stands above, how it is drawn at (x, y)."""

    step: int
    width: float
    height: float
    gap: float
    draw: Draw
    shrunk: float = 1.0
    """Share of its size that was left to it, so that its longest line fits."""


@dataclass(frozen=True)
class Setting:
    """What all blocks are drawn with: colours, pixels of a unit (times the scale of the slide), room in pixels."""

    theme: Theme
    unit: float
    room: float
    tall: float
    seed: int


def pieces(block: Mapping[str, Any], at: Setting) -> list[Piece]:
    """Lay one block out."""
    return {"code": _code, "table": _table, "image": _image, "quote": _quote}.get(block["kind"], _prose)(block, at)


def look(at: Setting, size: float, *, muted: bool = False, weight: int = 400) -> Look:
    """Text of a size in units."""
    theme = at.theme
    return Look(size * at.unit, theme.muted if muted else theme.ink, theme.accent2, weight)


def _prose(block: Mapping[str, Any], at: Setting) -> list[Piece]:
    level = int(block.get("level", 0))
    bullet = block["kind"] == "bullet"
    size = BODY * (0.86 if level else 1.0) * (1.08 if block["kind"] == "heading" else 1.0)
    indent = INDENT * (level + 1) * at.unit if bullet else 0.0
    weight = 650 if block["kind"] == "heading" else 400
    text = lay_out(block["runs"], look(at, size, muted=level > 0, weight=weight), at.room - indent)
    first = lay_out([{"text": "x"}], look(at, size), 1e6).height

    def draw(canvas: skia.Canvas, x: float, y: float) -> None:
        if bullet:
            _mark(canvas, block, at, x + indent, y, first)
        text.draw(canvas, x + indent, y)

    gap = GAP * at.unit * (0.4 if level else 1.0)
    return [Piece(block["step"], indent + text.width, text.height, gap, draw)]


def _mark(canvas: skia.Canvas, block: Mapping[str, Any], at: Setting, x: float, y: float, line: float) -> None:
    """A number or a disc (a ring on the levels below) before a bullet's first line."""
    unit, level = at.unit, int(block["level"])
    if block["number"]:
        style = Look(BODY * 0.9 * unit, at.theme.accent, weight=650)
        number = lay_out([{"text": block["number"]}], style, 1e6)
        number.draw(canvas, x - number.width - 7 * unit, y + (line - number.height) / 2)
        return
    paint = skia.Paint(Color=argb(at.theme.accent if level == 0 else at.theme.accent2), AntiAlias=True)
    if level:
        paint.setStyle(skia.Paint.kStroke_Style)
        paint.setStrokeWidth(1.3 * unit)
    canvas.drawCircle(x - 12 * unit, y + line / 2, (3.3 if level == 0 else 2.4) * unit, paint)


def _quote(block: Mapping[str, Any], at: Setting) -> list[Piece]:
    runs = [{**run, "italic": True} for run in block["runs"]]
    text = lay_out(runs, look(at, BODY, muted=True), at.room - 20 * at.unit)

    def draw(canvas: skia.Canvas, x: float, y: float) -> None:
        bar = skia.Rect.MakeXYWH(x + 3 * at.unit, y + 2 * at.unit, 3.5 * at.unit, text.height - 4 * at.unit)
        canvas.drawRoundRect(bar, 2 * at.unit, 2 * at.unit, _paint(at.theme.accent))
        text.draw(canvas, x + 18 * at.unit, y)

    return [Piece(block["step"], text.width + 20 * at.unit, text.height, 1.5 * GAP * at.unit, draw)]


def _code(block: Mapping[str, Any], at: Setting) -> list[Piece]:
    code = str(block["text"]).split("\n")
    shown = code if len(code) <= MOST_LINES else [*code[: MOST_LINES - 1], "…"]
    lines = highlighted("\n".join(shown), str(block["language"]), at.theme)
    text, room = lay_out_code(lines, CODE * at.unit), at.room - 2 * PAD * at.unit
    shrunk = min(1.0, room / text.width) if text.width else 1.0
    if shrunk < 1:
        text = lay_out_code(lines, CODE * at.unit * shrunk)
    width, height = max(text.width + 2 * PAD * at.unit, at.room * 0.6), text.height + 2 * PAD * at.unit

    def draw(canvas: skia.Canvas, x: float, y: float) -> None:
        panel(canvas, skia.Rect.MakeXYWH(x, y, width, height), at)
        text.draw(canvas, x + PAD * at.unit, y + PAD * at.unit)

    return [Piece(block["step"], width, height, 1.2 * GAP * at.unit, draw, shrunk)]


def _table(block: Mapping[str, Any], at: Setting) -> list[Piece]:
    rows = [block["head"], *block["rows"]]
    columns = max(len(row) for row in rows)
    widths = _column_widths(rows, columns, at)
    found = []
    for number, row in enumerate(rows):
        cells = [_cell(row[i] if i < len(row) else [], block, i, number, widths[i], at) for i in range(columns)]
        height = max(cell.height for cell in cells) + 9 * at.unit
        draw = _row(cells, widths, height, number, len(rows), at)
        found.append(Piece(block["step"] + number, sum(widths), height, 0.0 if number else 1.2 * GAP * at.unit, draw))
    return found


def _cell(runs: Sequence[Any], block: Mapping[str, Any], column: int, row: int, width: float, at: Setting) -> Text:
    weight = 400 if row else 650
    style = look(at, CELL, weight=weight)
    align = (block["align"] + ["start"] * column)[column]
    return lay_out(
        runs or [{"text": " "}],
        Look(style.size, style.colour, style.code, weight, align=align),
        width - 2 * PAD * at.unit,
    )


def _column_widths(rows: Sequence[Sequence[Any]], columns: int, at: Setting) -> list[float]:
    """Natural widths; where they are too wide together, the widest columns give way."""
    pad = 2 * PAD * at.unit
    natural = [
        max(lay_out(row[i], look(at, CELL, weight=650), 1e6).width if i < len(row) and row[i] else 0 for row in rows)
        + pad
        + 2
        for i in range(columns)
    ]
    low, high = 0.0, max(natural)
    for _ in range(20):
        limit = (low + high) / 2
        low, high = (limit, high) if sum(min(w, limit) for w in natural) <= at.room else (low, limit)
    if sum(natural) <= at.room:
        return [w * min(WIDER, at.room / sum(natural)) for w in natural]
    return [min(w, max(low, pad * 1.5)) for w in natural]


def _row(cells: Sequence[Text], widths: Sequence[float], height: float, number: int, count: int, at: Setting) -> Draw:
    def draw(canvas: skia.Canvas, x: float, y: float) -> None:
        rect = skia.Rect.MakeXYWH(x, y, sum(widths), height)
        fill = _paint(at.theme.accent2, 0.2) if number == 0 else _paint(at.theme.panel, 0.75 if number % 2 else 0.5)
        corner = skia.RRect()
        radius = 6 * at.unit
        top, bottom = (radius if number == 0 else 0), (radius if number == count - 1 else 0)
        corner.setRectRadii(rect, [skia.Point(r, r) for r in (top, top, bottom, bottom)])
        canvas.drawRRect(corner, fill)
        for cell, width in zip(cells, widths, strict=True):
            cell.draw(canvas, x + PAD * at.unit, y + (height - cell.height) / 2)
            x += width

    return draw


def _image(block: Mapping[str, Any], at: Setting) -> list[Piece]:
    shown = _held(block.get("data"))
    note = f"drawn stand-in for {block['link']}" if shown is None and block["link"] else ""
    words = [{"text": block["alt"] or "A picture"}, *([{"text": f"\n{note}", "italic": True}] if note else [])]
    caption = lay_out(words, look(at, 10.5, muted=True), at.room)
    room = max(at.tall - caption.height - 6 * at.unit, 40 * at.unit)
    share = shown.width() / shown.height() if shown is not None else 1.5
    width = min(at.room, room * share)
    height = width / share
    if shown is None:
        shown = stand_in(str(block["alt"]), at.seed, max(16, round(width)), max(16, round(height)))

    def draw(canvas: skia.Canvas, x: float, y: float) -> None:
        rect = skia.Rect.MakeXYWH(x, y, width, height)
        canvas.save()
        corner = skia.RRect.MakeRectXY(rect, 8 * at.unit, 8 * at.unit)
        canvas.clipRRect(corner, skia.ClipOp.kIntersect, True)
        canvas.drawImageRect(shown, rect, skia.SamplingOptions(skia.CubicResampler.Mitchell()))
        canvas.restore()
        caption.draw(canvas, x + 2 * at.unit, y + height + 5 * at.unit)

    return [Piece(block["step"], width, height + caption.height + 6 * at.unit, 1.2 * GAP * at.unit, draw)]


def _held(path: Any) -> skia.Image | None:  # noqa: ANN401 - a path or nothing
    """The picture in a file; None where there is none that can be read."""
    if path is None:
        return None
    try:
        image = skia.Image.MakeFromEncoded(skia.Data.MakeFromFileName(str(Path(path))))
        return image.makeRasterImage() if image is not None and image.height() else None
    except (RuntimeError, AttributeError, ValueError, TypeError):
        return None


@lru_cache(8)
def stand_in(words: str, seed: int, width: int, height: int) -> skia.Image:
    """A drawing of what the words say, for a picture that is not at hand."""
    return picture(
        plan({"title": words, "mood": random.Random(f"{seed} {words}").choice(("calm", "bright"))}, seed, ()),
        width,
        height,
    )


def panel(canvas: skia.Canvas, rect: skia.Rect, at: Setting) -> None:
    """A plate with a fine edge."""
    radius = 7 * at.unit
    canvas.drawRoundRect(rect, radius, radius, _paint(at.theme.panel, 0.86))
    edge = _paint(at.theme.muted, 0.25)
    edge.setStyle(skia.Paint.kStroke_Style)
    edge.setStrokeWidth(at.unit)
    canvas.drawRoundRect(rect, radius, radius, edge)


def highlighted(code: str, language: str, theme: Theme) -> list[list[tuple[str, str]]]:
    """Lines of ``(text, colour)``; a language that is not known is set in one colour."""
    from pygments import lex  # type: ignore[import-untyped]
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False, ensurenl=False)
    except ClassNotFound:
        lexer = get_lexer_by_name("text", stripnl=False, ensurenl=False)
    lines: list[list[tuple[str, str]]] = [[]]
    for kind, text in lex(code, lexer):
        for number, part in enumerate(text.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append((part, _colour(str(kind), theme)))
    return lines


def _colour(kind: str, theme: Theme) -> str:
    for name, colour in (
        ("Comment", theme.faint), ("String", theme.cool), ("Keyword", theme.warm), ("Operator.Word", theme.warm),
        ("Number", theme.accent), ("Function", theme.accent), ("Class", theme.accent), ("Builtin", theme.accent2),
        ("Decorator", theme.accent2), ("Tag", theme.warm), ("Attribute", theme.accent2),
    ):  # fmt: skip
        if name in kind:
            return colour
    return theme.ink


def _paint(colour: str, alpha: float = 1.0) -> skia.Paint:
    return skia.Paint(Color=argb(colour, alpha), AntiAlias=True)
