"""Text in any script: shaping, bidirectional order, fitting into a box.

The fonts are Noto (SIL Open Font License) from the package ``manimgx-fonts``; Chinese, Japanese and Korean need the
package ``manimgx-fonts-cjk`` (extra ``cjk``) and are shown as boxes without it.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import skia

FONT_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
ELLIPSIS = "…"
_MAIN = "NotoSans[wght].ttf"
_WEIGHT = int.from_bytes(b"wght", "big")
_INVISIBLE = ("Cc", "Cs", "Cn", "Co")
_ISOLATES = {"ltr": "\u2066", "rtl": "\u2067"}
_END_ISOLATE = "\u2069"

Align = Literal["start", "center", "end"]


@dataclass(frozen=True)
class Style:
    """How text looks.

    Attributes:
        size: of the font in pixels.
        weight: 100 (thin) to 900 (black).
        colour: ``#rrggbb``.
        alpha: opacity in 0..1.
        align: start is left in left-to-right text and right in right-to-left text.
        leading: distance of lines in font sizes.

    """

    size: float
    weight: int = 400
    colour: str = "#ffffff"
    alpha: float = 1.0
    align: Align = "start"
    leading: float = 1.2


@dataclass(frozen=True)
class Block:
    """Laid-out text; ``width`` is that of its longest line, in pixels as ``height``."""

    paragraph: skia.textlayout.Paragraph
    width: float
    height: float
    style: Style

    @property
    def lines(self) -> int:
        """Number of lines."""
        return max(round(self.height / (self.style.size * self.style.leading)), 1)

    def draw(self, canvas: skia.Canvas, x: float, y: float) -> None:
        """Draw with the top left corner of the box at (x, y)."""
        self.paragraph.paint(canvas, x, y)


def clean(text: str) -> str:
    """``text`` on one line, without control characters, lone surrogates and direction overrides."""
    kept = "".join(" " if _hidden(character) else character for character in text)
    return " ".join(kept.split())


def direction(text: str) -> Literal["ltr", "rtl"]:
    """Direction of a paragraph: that of its first strong character (Unicode Annex 9, rule P2)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


def layout(text: str, style: Style, width: float, max_lines: int | None = None) -> Block:
    """Wrap text into ``width`` pixels; text of more than ``max_lines`` lines is cut and ends in an ellipsis."""
    text = clean(text)
    block = _layout(text, style, width)
    if max_lines is None or block.lines <= max_lines:
        return block
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _layout(_cut(text, middle), style, width).lines <= max_lines:
            low = middle
        else:
            high = middle - 1
    return _layout(_cut(text, low), style, width)


def fit(text: str, style: Style, width: float, height: float, smallest: float = 10.0) -> Block:
    """The largest layout that fits the box: the size shrinks to ``smallest``, then the text is cut."""
    size = style.size
    while size > smallest:
        tried = replace(style, size=size)
        lines = max(int(height / (size * style.leading)), 1)
        block = layout(text, tried, width)
        if block.lines <= lines and block.width <= width and block.height <= height:
            return block
        size *= 0.92
    last = replace(style, size=smallest)
    return layout(text, last, width, max(int(height / (smallest * style.leading)), 1))


def _layout(text: str, style: Style, width: float) -> Block:
    way = direction(text)
    look = skia.textlayout.TextStyle()
    look.setFontSize(style.size)
    look.setFontFamilies(_families(style.weight))
    look.setForegroundPaint(skia.Paint(Color=argb(style.colour, style.alpha), AntiAlias=True))
    look.setHeight(style.leading)
    look.setHeightOverride(True)
    look.setHalfLeading(True)
    form = skia.textlayout.ParagraphStyle()
    form.setTextStyle(look)
    form.setTextAlign(_alignment(style.align, way))
    builder = skia.textlayout.ParagraphBuilder.make(form, _collection(), _unicode())
    builder.pushStyle(look)
    builder.addText(_ISOLATES[way] + text + _END_ISOLATE)
    paragraph = builder.Build()
    paragraph.layout(max(width, 1.0))
    return Block(paragraph, paragraph.LongestLine, paragraph.Height, style)


def _alignment(align: Align, way: str) -> skia.textlayout.TextAlign:
    kinds = skia.textlayout.TextAlign
    if align == "center":
        return kinds.kCenter
    return kinds.kLeft if (align == "start") == (way == "ltr") else kinds.kRight


def _cut(text: str, length: int) -> str:
    return text if length >= len(text) else text[:length].rstrip() + ELLIPSIS


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE or unicodedata.bidirectional(character) in (
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI",
    )  # fmt: skip


def argb(colour: str, alpha: float = 1.0) -> int:
    """Skia's colour number for ``#rrggbb`` and an opacity in 0..1."""
    return round(max(0.0, min(alpha, 1.0)) * 255) << 24 | int(colour.lstrip("#")[:6], 16)


def font_files() -> list[Path]:
    """Every font file of the packages that are installed, the Latin one first.

    Raises:
        FileNotFoundError: the package ``manimgx-fonts`` is missing.
    """
    folders = [
        Path(place)
        for name in FONT_PACKAGES
        if (spec := importlib.util.find_spec(name)) is not None
        for place in spec.submodule_search_locations or ()
    ]
    files = sorted((f for folder in folders for f in folder.glob("*.tt[fc]")), key=lambda f: (f.name != _MAIN, f.name))
    if not files:
        raise FileNotFoundError("the fonts are missing: pip install manimgx-fonts")
    return files


@cache
def _faces() -> dict[str, skia.Typeface]:
    manager = skia.FontMgr.New_Custom_Empty()
    faces = {file.stem: manager.makeFromFile(str(file)) for file in font_files()}
    return {name: face for name, face in faces.items() if face is not None}


@cache
def _provider() -> skia.textlayout.TypefaceFontProvider:
    return skia.textlayout.TypefaceFontProvider()


@cache
def _collection() -> skia.textlayout.FontCollection:
    collection = skia.textlayout.FontCollection()
    collection.setDefaultFontManager(_provider())
    return collection


@cache
def _unicode() -> skia.Unicode:
    return skia.Unicodes.ICU.Make()


@cache
def _families(weight: int) -> list[str]:
    """Register all fonts at a weight; the family names, in the order in which they are tried."""
    names = []
    for name, face in _faces().items():
        family = f"{name} {weight}"
        _provider().registerTypeface(_at_weight(face, weight), family)
        names.append(family)
    return names


def _at_weight(face: skia.Typeface, weight: int) -> skia.Typeface:
    """The face at a weight. Skia keeps no copy of the coordinates: they must live until the clone is made."""
    position = skia.FontArguments.VariationPosition
    coordinates = position.Coordinates([position.Coordinate(_WEIGHT, weight)])
    wanted = position(coordinates)
    arguments = skia.FontArguments()
    arguments.setVariationDesignPosition(wanted)
    return face.makeClone(arguments) or face
