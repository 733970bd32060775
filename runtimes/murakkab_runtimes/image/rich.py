"""Paragraphs in several styles: bold, italic and code within a line, and lines of code in colours."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import skia

from murakkab_runtimes.image import type as typeface
from murakkab_runtimes.image.type import Align, argb, clean, direction

MONO_PACKAGE, MONO_FILE = "fontpkg_jetbrains_mono", "files/JetBrainsMono[wght].ttf"
"""The font of code (SIL Open Font License)."""

_ITALIC = "NotoSans-Italic[wght]"
_BOLDER = 250


@dataclass(frozen=True)
class Look:
    """How a paragraph looks.

    Attributes:
        size: of the font in pixels.
        colour: ``#rrggbb``.
        code: colour of code within a line.
        weight: 400 to 700; bold stretches are heavier.
        leading: distance of lines in font sizes.
        align: as in ``type.Style``.

    """

    size: float
    colour: str
    code: str = ""
    weight: int = 400
    leading: float = 1.28
    align: Align = "start"


@dataclass(frozen=True)
class Text:
    """Laid-out text: width of the longest line and height in pixels."""

    paragraph: skia.textlayout.Paragraph
    width: float
    height: float

    def draw(self, canvas: skia.Canvas, x: float, y: float) -> None:
        """Draw with the top left corner at (x, y)."""
        self.paragraph.paint(canvas, x, y)


def lay_out(runs: Sequence[Mapping[str, Any]], look: Look, width: float) -> Text:
    """Wrap runs (``{"text", "bold", "italic", "code"}``) into ``width`` pixels."""
    way = direction(clean("".join(str(run["text"]) for run in runs)))
    builder = _builder(look, typeface._alignment(look.align, way))
    for run in runs:
        builder.pushStyle(_style(look, run))
        builder.addText(_kept(str(run["text"])))
        builder.pop()
    return _finished(builder, width)


def lay_out_code(lines: Sequence[Sequence[tuple[str, str]]], size: float) -> Text:
    """Lines of ``(text, colour)`` in the font of code; nothing is wrapped."""
    look = Look(size, "#ffffff", leading=1.4)
    builder = _builder(look, skia.textlayout.TextAlign.kLeft)
    for number, line in enumerate(lines):
        for text, colour in [*([("\n", "#ffffff")] if number else []), *line]:
            builder.pushStyle(_mono(look, colour))
            builder.addText(text if text == "\n" else _verbatim(text))
            builder.pop()
    return _finished(builder, 1e6)


def _finished(builder: Any, width: float) -> Text:  # noqa: ANN401 - a class of the library without types
    paragraph = builder.Build()
    paragraph.layout(max(width, 1.0))
    return Text(paragraph, paragraph.LongestLine, paragraph.Height)


def _builder(look: Look, align: Any) -> Any:  # noqa: ANN401 - classes of the library without types
    form = skia.textlayout.ParagraphStyle()
    form.setTextStyle(_text_style(look.size, look.colour, look.leading, typeface._families(look.weight)))
    form.setTextAlign(align)
    return skia.textlayout.ParagraphBuilder.make(form, typeface._collection(), typeface._unicode())


def _style(look: Look, run: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a class of the library without types
    if run.get("code"):
        return _mono(look, look.code or look.colour)
    weight = min(700, look.weight + _BOLDER) if run.get("bold") else look.weight
    families = typeface._families(weight)
    if run.get("italic"):
        families = sorted(families, key=lambda name: not name.startswith(_ITALIC))
    return _text_style(look.size, look.colour, look.leading, families)


def _mono(look: Look, colour: str) -> Any:  # noqa: ANN401 - a class of the library without types
    size = look.size * 0.92
    return _text_style(size, colour, look.leading * look.size / size, [*_mono_families(), *typeface._families(400)])


def _text_style(size: float, colour: str, leading: float, families: list[str]) -> Any:  # noqa: ANN401
    style = skia.textlayout.TextStyle()
    style.setFontSize(size)
    style.setFontFamilies(families)
    style.setForegroundPaint(skia.Paint(Color=argb(colour), AntiAlias=True))
    style.setHeight(leading)
    style.setHeightOverride(True)
    style.setHalfLeading(True)
    return style


@cache
def _mono_families() -> list[str]:
    """Register the font of code; without its package code is set in the font of text."""
    spec = importlib.util.find_spec(MONO_PACKAGE)
    files = [Path(place) / MONO_FILE for place in (spec.submodule_search_locations or [] if spec else [])]
    for file in files:
        if file.is_file() and (face := skia.FontMgr.New_Custom_Empty().makeFromFile(str(file))) is not None:
            typeface._provider().registerTypeface(typeface._at_weight(face, 400), "code")
            return ["code"]
    return []


def _kept(text: str) -> str:
    """The text cleaned, with the spaces at its ends that part it from its neighbours."""
    inner = clean(text)
    lead, tail = text[:1].isspace(), text[-1:].isspace()
    return (" " if lead else "") + inner + (" " if tail and inner else "")


def _verbatim(text: str) -> str:
    """Code with its blanks; what no font has is shown as a replacement character."""
    return "".join(typeface._shown(c) if c not in " \u00a0" else "\u00a0" for c in text.expandtabs(4))
